import type { AccountRecord } from '../src/domain/account.ts';
import { isFailure } from '../src/domain/decide.ts';
import { readMode } from '../src/domain/mode.ts';
import { fingerprintOf, isSameStamp, type Stamp } from './identity.ts';
import type { LastSeen, SeenBy } from './other-services.ts';

/**
 * An account among the searched content: how it was seen last, and what this service wrote to it.
 */
export interface Known {
  readonly dn: string;
  readonly uid: string;
  /** The refresh or list that saw it last. */
  generation: number;
  fingerprint: string;
  /** It was a request with the return value of what was done before. */
  noted: boolean;
  /**
   * Which version of the entry the stream, a refresh or an own write told of last; undefined where
   * only lists did.
   */
  version: string | undefined;
  /** A request came into sight that is newer than this service's own last write. */
  askedAgain: boolean;
  own: OwnWrite;
}

/**
 * What this service wrote to an account, as far as it still stands. By it a change is known as an
 * echo.
 *
 *   none, resting, disowned, claiming -> claiming   a claim is sent
 *   claiming -> working                             it was answered
 *   working, resting, writing -> writing            an outcome is sent
 *   none -> writing                                 the same, where it had left and is back
 *   working, resting, writing -> resting            it failed, is repeated, or the outcome is kept
 *   any -> disowned                                 it is not this service's own any more
 *
 * A success makes the account leave: see `Settled`.
 */
export type OwnWrite =
  | { readonly at: 'none' }
  | ({ readonly at: 'claiming' } & Written)
  | ({ readonly at: 'working' } & Written & Stamped)
  /** `expected`: how the account will stand if the outcome is written. */
  | ({ readonly at: 'writing'; readonly expected: string } & Partial<Written & Stamped>)
  | ({ readonly at: 'resting' } & Written & Stamped)
  | ({ readonly at: 'disowned' } & Partial<Stamped>);

interface Written {
  /** The fingerprint of the account as it was written. */
  readonly written: string;
  /** The refresh or list that was the latest then: what it says may be older than that write. */
  readonly writtenIn: number;
}

interface Stamped {
  /**
   * The version that the write made, which may be echoed when the account is this service's own no
   * longer.
   */
  readonly stamp: Stamp;
  /** The directory's stamp of the claim, while it has not failed. */
  readonly since: number | undefined;
}

export const NOTHING_WRITTEN: OwnWrite = { at: 'none' };

/** An account that was just written, so that it stands as `record`. */
export function ownWrite(at: 'working' | 'resting', record: AccountRecord, writtenIn: number): OwnWrite {
  const { modifiedAt, entryCSN, returnValue } = record;
  const stamp = entryCSN === undefined ? { modifiedAt } : { modifiedAt, entryCSN };
  return {
    at,
    written: fingerprintOf(record),
    writtenIn,
    stamp,
    since: isFailure(returnValue) ? undefined : modifiedAt,
  };
}

/** An outcome is sent, with which the account will stand as `record`. */
export function ownOutcome(before: OwnWrite, record: AccountRecord): OwnWrite {
  return { ...before, at: 'writing', expected: fingerprintOf(record) };
}

/** The account is not this service's own any more; the echo of what it wrote may still come. */
export function ownNoMore(before: OwnWrite): OwnWrite {
  return 'stamp' in before && before.stamp !== undefined
    ? { at: 'disowned', stamp: before.stamp, since: before.since }
    : { at: 'disowned' };
}

/**
 * From the claim until the outcome is written: what happens to the entry is found out by the
 * write-back.
 */
export function isWorking({ own: { at } }: Known): boolean {
  return at === 'claiming' || at === 'working' || at === 'writing';
}

/**
 * The fingerprint of what this service wrote last; undefined where it wrote nothing that still
 * stands.
 */
export function writtenTo({ own }: Known): string | undefined {
  return 'written' in own ? own.written : undefined;
}

/** The version that this service's own last write made. */
export function stampOn({ own }: Known): Stamp | undefined {
  return 'stamp' in own ? own.stamp : undefined;
}

/** What other services' work is judged by. */
export function lastSeenOf({ uid, noted, fingerprint, version, own }: Known): LastSeen {
  const ownSince = 'since' in own ? own.since : undefined;
  return { uid, noted, fingerprint, version, ownSince, claiming: own.at === 'claiming' };
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
  /**
   * The change is this service's own write coming back, or shows an account as this service left
   * it.
   */
  readonly own: boolean;
  /** Nothing that decides has changed since the last sighting. */
  readonly unchanged: boolean;
  /** This service is at work on it. */
  readonly working: boolean;
  /** Something newer is known: it is to be read before anything is done. */
  readonly stale: boolean;
  /** It shows a claim of another service, which ought not to be there. */
  readonly foreignClaim: boolean;
  /**
   * Set where it had left before, which was not told yet: a complete refresh or list did not hold
   * it.
   */
  readonly missed?: Left | undefined;
}

/**
 * Whether what is seen of an account that was finished is older than that: the echo of the write
 * before, or part of a refresh or list that began earlier. What stands there anew, as from a
 * backup, is news.
 */
export function isEcho(settled: Settled, record: AccountRecord, since: number | undefined): boolean {
  if (since !== undefined) return settled.writtenIn >= since;
  return settled.written === fingerprintOf(record) && isSameStamp(settled.stamp, record);
}

/**
 * Whether it is a request that is not older than what this service wrote last. It may be so of an
 * account that is worked on, and had left meanwhile. Only servers that show versions tell.
 */
export function isNewRequest({ entryCSN, mode }: AccountRecord, stale: boolean): boolean {
  return !stale && entryCSN !== undefined && readMode(mode)?.phase === 'requested';
}

/** A request with the return value of what was done before. */
export function isNoted({ mode, returnValue }: AccountRecord): boolean {
  return returnValue !== undefined && readMode(mode)?.phase === 'requested';
}

/** Whether the account reads as this service wrote it, or as it is about to. */
export function readsAsWritten({ own }: Known, fingerprint: string): boolean {
  if ('written' in own && own.written === fingerprint) return true;
  return own.at === 'writing' && own.expected === fingerprint;
}

/** Whether a refresh or list began before this service's own last write, which it may not show. */
export function isOlderThanWrite({ own }: Known, since: number | undefined): boolean {
  return since !== undefined && 'writtenIn' in own && own.writtenIn !== undefined && own.writtenIn >= since;
}
