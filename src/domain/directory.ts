import type { DirectoryEntry } from './entry.ts';
import type { Fence } from './fence.ts';
import type { Presence } from './presence.ts';
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

/**
 * The entries of the leases, by name: the uid in lower case. Every method rejects with a
 * `DirectoryError`, as those of `AccountDirectory` do.
 */
export interface LeaseDirectory {
  /** Creates the entry of a lease. The server refuses this with 68 if it exists. */
  add(name: string, value: string): Promise<void>;
  /**
   * Replaces a value by another one. The server refuses this with 16 if the lease does not have
   * that value, and with 32 if there is no entry.
   */
  swap(name: string, from: string, to: string): Promise<void>;
  /** The values of a lease; undefined if there is no entry. */
  read(name: string): Promise<readonly string[] | undefined>;
  /** The values of those leases that exist, by name. */
  list(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** The entries, next to the leases, that say which services are running. */
export interface PresenceDirectory {
  /** Writes the value of the service's own entry, and creates the entry if there is none. */
  announce(name: string, value: string): Promise<void>;
  /** All services that are running. */
  presences(): Promise<readonly Presence[]>;
}

export interface ModifyOptions {
  readonly postRead?: 'entry' | 'version';
  /** A fencing token is already part of the modifications. */
  readonly fence?: Fence;
}
