import type { DirectoryEntry } from './entry.ts';
import type { HomeRules } from './home-path.ts';

/**
 * The directory's names of the attributes that the service reads and writes. `null`: not used at
 * this site.
 */
export interface AttributeNames {
  readonly mode: string;
  readonly state: string;
  /** Accepted names of the date, in order of preference; the one that the entry has is written. */
  readonly date: readonly string[];
  readonly active: string;
  readonly returnValue: string | null;
  readonly executionTime: string | null;
}

/** What an entry must keep to so that root works on it. */
export interface AccountRules extends HomeRules {
  /** Users with a lower number are the system's own. */
  readonly lowestUidNumber: number;
}

/** What the service needs of an account to decide about it. `mode` is one of the nine words. */
export interface AccountRecord {
  readonly dn: string;
  /** The entryUUID attribute (RFC 4530), lower case; undefined where the server has none. */
  readonly entryUUID: string | undefined;
  readonly uid: string;
  /** In the case in which it was written, and as `comparedText` gives it, like the values below. */
  readonly mode: string;
  readonly state: string;
  readonly date: { readonly name: string; readonly value: string } | undefined;
  /** sstIsActive; undefined where the entry has none. */
  readonly active: boolean | undefined;
  /** Return value of the last attempt; undefined where none is recorded. */
  readonly returnValue: string | undefined;
  /**
   * The directory's own time of the last modification, in milliseconds since 1970; undefined where
   * not readable.
   */
  readonly modifiedAt: number | undefined;
  /** The directory's own time of the entry's creation, likewise. */
  readonly createdAt?: number;
  /** The change sequence number of the last modification, on servers that show one: entryCSN. */
  readonly entryCSN?: string;
  /** Who modified it last: modifiersName. */
  readonly modifiedBy?: string;
  /** The user's number; undefined where the entry has none. */
  readonly uidNumber?: string;
}

/**
 * What an entry turned out to be: an account, another program's business, or something that cannot
 * be worked on.
 */
export type EntryReading =
  | { readonly kind: 'account'; readonly record: AccountRecord }
  | { readonly kind: 'foreign'; readonly dn: string; readonly reason: string }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly uid: string | undefined; readonly reason: string };

export type ReadEntry = (entry: DirectoryEntry) => EntryReading;
