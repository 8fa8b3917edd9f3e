import type { AccountRecord } from '../src/domain/account.ts';
import { isFailure } from '../src/domain/decide.ts';
import { mayHideWork } from '../src/domain/hidden-work.ts';
import { readMode } from '../src/domain/mode.ts';
import { laneOf } from './candidate.ts';
import { fingerprintOf, versionOf } from './identity.ts';
import { WorkByUid } from './work-by-uid.ts';

/** How an account was seen: as a change, as part of a refresh, which begins anew, or of a list beside the stream. */
export type SeenBy = 'stream' | 'refresh' | 'list';

/** How an account was known before. */
export interface LastSeen {
  readonly uid: string;
  /** Whether it was a request with a return value. */
  readonly noted: boolean;
  readonly fingerprint: string;
  /** Which version of the entry the stream, a refresh or an own write told of last; undefined where only lists did. */
  readonly version: string | undefined;
  /**
   * The directory's stamp of this service's own last claim, while no outcome of it is written: until that is older than any
   * handler may take, no other service takes the account.
   */
  readonly ownSince: number | undefined;
}

/**
 * What this service knows of the work of other ones on the same accounts: from the claims that its stream tells of, and from
 * what they leave behind. A newer request erases a claim, so a request that nobody has followed up to this version of the
 * entry counts as if there were one behind it, unless the entry itself speaks against it (`mayHideWork`).
 */
export class OthersWork {
  readonly #work = new WorkByUid();
  readonly #longestHandlerMilliseconds: number | undefined;

  /** The longest time that a handler may take; undefined where there are no other services, and so nothing to know. */
  constructor(longestHandlerMilliseconds: number | undefined) {
    this.#longestHandlerMilliseconds = longestHandlerMilliseconds;
  }

  /** An account came into sight, or changed, and that is not this service's own claim. `before`: as it was known until now. */
  sighted(id: string, record: AccountRecord, by: SeenBy, before: LastSeen | undefined): void {
    if (this.#longestHandlerMilliseconds === undefined) return;
    const lane = laneOf(record.uid);
    if (before !== undefined && laneOf(before.uid) !== lane) this.#renamed(id, laneOf(before.uid), lane);
    const { modifiedAt } = record;
    const phase = readMode(record.mode)?.phase;
    if (phase === 'inWork' && !isFailure(record.returnValue)) {
      if (modifiedAt !== undefined) this.#work.saw(lane, id, modifiedAt);
    } else if (phase !== 'requested' || record.returnValue !== undefined) {
      // A list may be older than the claim that the stream has told of.
      if (by !== 'list') this.#work.ended(lane, id);
    } else if (mayHideWork(record) && modifiedAt !== undefined) {
      // Nobody told what was written since the connection was lost, or what a server told of as one with the next.
      const isUntold =
        by === 'refresh' ? !this.#isFollowed(record, before) : by === 'stream' && skippedClaim(record, before);
      if (isUntold) this.#work.saw(lane, id, modifiedAt);
    }
  }

  /** It was read, not told, that another service is at work on the account. */
  learnt(id: string, record: AccountRecord): void {
    if (readMode(record.mode)?.phase === 'inWork') this.sighted(id, record, 'list', undefined);
  }

  /** Nobody else is at work on the account. */
  ended(id: string, uid: string): void {
    this.#work.ended(laneOf(uid), id);
  }

  /** The account is no longer among the searched content. */
  lostSight(id: string, uid: string): void {
    this.#work.lostSight(laneOf(uid), id);
  }

  /**
   * Since when another service may have been at work on an earlier request of the account, or on another entry with its uid;
   * undefined where none can be.
   */
  since(id: string, record: AccountRecord, lastSeen: LastSeen | undefined): number | undefined {
    if (this.#longestHandlerMilliseconds === undefined) return undefined;
    const lane = laneOf(record.uid);
    const besides = this.#work.besides(lane, id);
    const isRequest = readMode(record.mode)?.phase === 'requested';
    if (!isRequest || record.returnValue !== undefined) return besides;
    const unseen = mayHideWork(record) && !this.#isFollowed(record, lastSeen);
    return latest(besides, this.#work.on(lane, id), unseen ? record.modifiedAt : undefined);
  }

  #renamed(id: string, from: string, to: string): void {
    const since = this.#work.on(from, id);
    this.#work.lostSight(from, id);
    if (since !== undefined) this.#work.saw(to, id, since);
  }

  /** Whether it is known what happened to the account up to this version of it, or that nobody else can have claimed it. */
  #isFollowed(record: AccountRecord, lastSeen: LastSeen | undefined): boolean {
    if (lastSeen === undefined) return false;
    if (lastSeen.version === versionOf(record) && lastSeen.fingerprint === fingerprintOf(record)) return true;
    if (lastSeen.ownSince === undefined || record.modifiedAt === undefined) return false;
    return record.modifiedAt < lastSeen.ownSince + (this.#longestHandlerMilliseconds ?? 0);
  }
}

/**
 * Whether a change shows that one before it was never told: the return value is gone, which only a claim does; or the same version
 * comes twice, as where slapd tells of two changes when the second has been made.
 */
function skippedClaim(record: AccountRecord, before: LastSeen | undefined): boolean {
  if (before === undefined) return false;
  return before.noted || (record.entryCSN !== undefined && before.version === record.entryCSN);
}

function latest(...times: ReadonlyArray<number | undefined>): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
