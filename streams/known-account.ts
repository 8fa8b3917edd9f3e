/** What is remembered of one account, and how a sight of it relates to that. */
import type { AccountRecord } from '../src/domain/account.ts';
import { readMode } from '../src/domain/mode.ts';
import { fingerprintOf, isSameStamp, type Stamp } from './identity.ts';
import type { LastSeen, SeenBy } from './other-services.ts';

/** An account among the searched content, as far as the stream has told, and what this service wrote to it. */
export interface Known extends LastSeen {
  claiming: boolean;
  readonly dn: string;
  generation: number;
  fingerprint: string;
  noted: boolean;
  version: string | undefined;
  /** What this service wrote last, as it will be echoed; undefined where it wrote nothing that still stands. */
  written: string | undefined;
  /** What this service is about to write, as it may be echoed before that is answered. */
  expected: string | undefined;
  /** The refresh or list that was the latest when this service wrote last: what it says may be older than that write. */
  writtenIn: number;
  /** From the claim until the outcome is written: what happens to the entry is found out by the write-back. */
  working: boolean;
  /** The version that this service's own last write made, which may be echoed when the account is its own no longer. */
  stamp: Stamp | undefined;
  ownSince: number | undefined;
  /** A request came into sight that is newer than this service's own write. */
  askedAgain: boolean;
}

/** A refresh or list by its number, or nothing for a change. */
export interface Seen {
  readonly by: SeenBy;
  readonly since?: number;
}

export const AS_CHANGE: Seen = { by: 'stream' };

/** How this service left an account that it finished, right before that. */
export interface Settled {
  readonly written: string;
  readonly writtenIn: number;
  readonly stamp: Stamp;
}

/** An account that is no longer among the searched content. */
export interface Left {
  readonly id: string;
  readonly dn: string;
  readonly uid: string;
  readonly working: boolean;
}

/** How a sighting relates to what is known of the account. */
export interface Sighting {
  readonly id: string;
  /** The change is this service's own write coming back, or shows an account as this service left it. */
  readonly own: boolean;
  /** Nothing that decides has changed since the last sighting. */
  readonly unchanged: boolean;
  /** This service is at work on it. */
  readonly working: boolean;
  /** Something newer is known: it is to be read before anything is done. */
  readonly stale: boolean;
  /** It shows a claim of another service, which ought not to be there. */
  readonly foreignClaim: boolean;
  /** Set where it had left before, which was not told yet: a complete refresh or list did not hold it. */
  readonly missed?: Left | undefined;
}

/** An account to which this service wrote nothing. */
export function unwritten(
  { dn, uid }: Pick<AccountRecord, 'dn' | 'uid'>,
  generation: number,
  { fingerprint, version, noted, askedAgain }: Pick<Known, 'fingerprint' | 'version' | 'noted' | 'askedAgain'>,
): Known {
  return {
    dn,
    uid,
    generation,
    fingerprint,
    noted,
    version,
    written: undefined,
    expected: undefined,
    writtenIn: generation,
    working: false,
    claiming: false,
    askedAgain,
    stamp: undefined,
    ownSince: undefined,
  };
}

/**
 * Whether what is seen of an account that was finished is older than that: the echo of the write before, or part of a refresh or
 * list that began earlier. What stands there anew, as from a backup, is news.
 */
export function isEcho(settled: Settled, record: AccountRecord, since: number | undefined): boolean {
  if (since !== undefined) return settled.writtenIn >= since;
  return settled.written === fingerprintOf(record) && isSameStamp(settled.stamp, record);
}

/**
 * Whether it is a request that is not older than what this service wrote last. It may be so of an account that is worked on,
 * and had left meanwhile. Only servers that show versions tell.
 */
export function isNewRequest({ entryCSN, mode }: AccountRecord, stale: boolean): boolean {
  return !stale && entryCSN !== undefined && readMode(mode)?.phase === 'requested';
}

/** A request with the return value of what was done before. */
export function isNoted({ mode, returnValue }: AccountRecord): boolean {
  return returnValue !== undefined && readMode(mode)?.phase === 'requested';
}

export function isOwn(
  { written, expected, writtenIn }: Pick<Known, 'written' | 'expected' | 'writtenIn'>,
  fingerprint: string,
  since: number | undefined,
): boolean {
  if (written === fingerprint || expected === fingerprint) return true;
  return written !== undefined && since !== undefined && writtenIn >= since;
}
