import type { DirectoryEntry } from './entry.ts';
import type { Fence } from './fence.ts';
import type { Modification } from './transition.ts';

/**
 * The operations that an attempt needs. Every method rejects with a `DirectoryError`. An error
 * without a result code means that there was no response: a modify may or may not have been carried
 * out, so read the entry before acting on it.
 */
export interface AccountDirectory {
  /**
   * Sends one modify request. Resolves to the entry after it, with the attributes that `postRead`
   * selects, if the server supports Post-Read (RFC 4527). A fence by version makes the server
   * refuse the request with `assertionFailed` (122) for any other version of the entry (Assertion,
   * RFC 4528).
   */
  modify(
    dn: string,
    modifications: readonly Modification[],
    options?: ModifyOptions,
  ): Promise<DirectoryEntry | undefined>;
  /**
   * The whole entry; undefined if there is none. Rejects with `answerTooLarge` if it is too large.
   */
  read(dn: string): Promise<DirectoryEntry | undefined>;
  /** The same for the entry with this entryUUID, wherever it is below the base. */
  find(entryUUID: string): Promise<DirectoryEntry | undefined>;
}

export interface ModifyOptions {
  readonly postRead?: 'entry' | 'version';
  /** A fencing token is already part of the modifications. */
  readonly fence?: Fence;
}
