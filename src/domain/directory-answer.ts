import type { AccountDirectory } from './directory.ts';
import { DirectoryError } from './directory-error.ts';
import type { DirectoryEntry } from './entry.ts';

/** What the directory answered to one request of an attempt; `host`: what the host's user database said of a uid. */
export interface DirectoryAnswer {
  readonly operation: 'modify' | 'read' | 'find' | 'host';
  /** The DN, the entryUUID for `find`, or the uid for `host`. */
  readonly target: string;
  /** The fencing token that the request wrote or named. */
  readonly token?: string;
  /** The entry that came with it; undefined where there is none. */
  readonly entry?: DirectoryEntry;
  /** Where it was refused, or no answer came; what speaks against the account for `host`. */
  readonly error?: { readonly message: string; readonly resultCode?: number };
}

/** The same directory; `observe` hears of each answer before whoever asked does. */
export function observedDirectory(
  directory: AccountDirectory,
  observe: (answer: DirectoryAnswer) => void,
): AccountDirectory {
  const told = async (
    request: Pick<DirectoryAnswer, 'operation' | 'target' | 'token'>,
    asked: Promise<DirectoryEntry | undefined>,
  ): Promise<DirectoryEntry | undefined> => {
    try {
      const entry = await asked;
      observe({ ...request, ...(entry === undefined ? {} : { entry }) });
      return entry;
    } catch (error) {
      const { message, resultCode } = error instanceof DirectoryError ? error : new DirectoryError(String(error));
      observe({ ...request, error: { message, ...(resultCode === undefined ? {} : { resultCode }) } });
      throw error;
    }
  };
  return {
    modify: (dn, modifications, options) => {
      const token = options?.fence?.by === 'token' ? { token: options.fence.token } : {};
      return told({ operation: 'modify', target: dn, ...token }, directory.modify(dn, modifications, options));
    },
    read: (dn) => told({ operation: 'read', target: dn }, directory.read(dn)),
    find: (entryUUID) => told({ operation: 'find', target: entryUUID }, directory.find(entryUUID)),
  };
}
