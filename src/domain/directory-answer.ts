import type { AccountDirectory } from './directory.ts';
import { DirectoryError } from './directory-error.ts';
import type { DirectoryEntry } from './entry.ts';

/** What the directory answered to one request of an attempt. */
export interface DirectoryAnswer {
  readonly operation: 'modify' | 'read' | 'find';
  /** The DN, or the entryUUID for `find`. */
  readonly target: string;
  /** The entry that came with it; undefined where there is none. */
  readonly entry?: DirectoryEntry;
  /** Where it was refused, or no answer came. */
  readonly error?: { readonly message: string; readonly resultCode?: number };
}

/** The same directory; `observe` hears of each answer before whoever asked does. */
export function observedDirectory(
  directory: AccountDirectory,
  observe: (answer: DirectoryAnswer) => void,
): AccountDirectory {
  const told = async (
    operation: DirectoryAnswer['operation'],
    target: string,
    asked: Promise<DirectoryEntry | undefined>,
  ): Promise<DirectoryEntry | undefined> => {
    try {
      const entry = await asked;
      observe({ operation, target, ...(entry === undefined ? {} : { entry }) });
      return entry;
    } catch (error) {
      const { message, resultCode } = error instanceof DirectoryError ? error : new DirectoryError(String(error));
      observe({ operation, target, error: { message, ...(resultCode === undefined ? {} : { resultCode }) } });
      throw error;
    }
  };
  return {
    modify: (dn, ...how) => told('modify', dn, directory.modify(dn, ...how)),
    read: (dn) => told('read', dn, directory.read(dn)),
    find: (entryUUID) => told('find', entryUUID, directory.find(entryUUID)),
  };
}
