import type { DirectoryEntry } from './entry.ts';
import type { Fence } from './fence.ts';
import type { Modification } from './transition.ts';

/**
 * What an attempt needs of the directory. Every method rejects with a `DirectoryError`; one without a result code means
 * that no answer came, so that a modify may or may not have happened: read before acting on it.
 */
export interface AccountDirectory {
  /**
   * One modify operation. Resolves to what `postRead` asks for of the entry after it, where the server tells (Post-Read, RFC 4527).
   * Under a fence by version it is refused with `assertionFailed` (122) for any other version of the entry (Assertion, RFC 4528).
   */
  modify(
    dn: string,
    modifications: readonly Modification[],
    options?: ModifyOptions,
  ): Promise<DirectoryEntry | undefined>;
  /** The whole entry; undefined where there is none. Rejects with `answerTooLarge` for one that is too large to be read. */
  read(dn: string): Promise<DirectoryEntry | undefined>;
  /** The same for the entry with an entryUUID, wherever below the base it stands now. */
  find(entryUUID: string): Promise<DirectoryEntry | undefined>;
}

export interface ModifyOptions {
  readonly postRead?: 'entry' | 'version';
  /** A token stands in the modifications already. */
  readonly fence?: Fence;
}
