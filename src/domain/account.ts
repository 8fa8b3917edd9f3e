import type { DirectoryEntry } from './entry.ts';
import type { HomeRules } from './home-path.ts';

/** The names of the attributes that the service reads and writes. `null`: not used at this site. */
export interface AttributeNames {
  readonly mode: string;
  readonly state: string;
  /**
   * The accepted names of the date, in order of preference. The service writes the name that the
   * entry has.
   */
  readonly date: readonly string[];
  readonly active: string;
  readonly returnValue: string | null;
  readonly executionTime: string | null;
}

/** The rules for entries that root may work on. */
export interface AccountRules extends HomeRules {
  /** Lower user numbers belong to system users. */
  readonly lowestUidNumber: number;
}

/** The attributes of an account that decisions need. `mode` is one of the nine words of `WORDS`. */
export interface AccountRecord {
  readonly dn: string;
  /** The entryUUID attribute (RFC 4530) in lower case; undefined if the server has none. */
  readonly entryUUID: string | undefined;
  readonly uid: string;
  /** In its original case. Like the values below, it is read by `comparedText`. */
  readonly mode: string;
  readonly state: string;
  readonly date: { readonly name: string; readonly value: string } | undefined;
  /** sstIsActive; undefined if the entry has none. */
  readonly active: boolean | undefined;
  /** The return value of the last attempt; undefined if none is stored. */
  readonly returnValue: string | undefined;
  /** modifyTimestamp in milliseconds since 1970; undefined if it is missing or malformed. */
  readonly modifiedAt: number | undefined;
  /** The change sequence number of the last modification, on servers that have entryCSN. */
  readonly entryCSN?: string | undefined;
  /** The DN that made the last modification: modifiersName. */
  readonly modifiedBy?: string | undefined;
  /** The user's number; undefined if the entry has none. */
  readonly uidNumber?: string | undefined;
}

/**
 * The result of reading an entry: an account, an entry of another program, or an account that
 * cannot be worked on.
 */
export type EntryReading =
  | { readonly kind: 'account'; readonly record: AccountRecord }
  | { readonly kind: 'foreign'; readonly dn: string; readonly reason: string }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly uid: string | undefined; readonly reason: string };

export type ReadEntry = (entry: DirectoryEntry) => EntryReading;
