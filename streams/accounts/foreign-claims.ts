import type { AccountRecord } from '../../src/domain/account.ts';
import { isFailure } from '../../src/domain/decide.ts';
import { readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { laneOf } from '../candidate.ts';
import { versionOf } from './identity.ts';
import { WorkByUid } from './work-by-uid.ts';

/**
 * The number of claimed accounts whose version is remembered: far more than there are foreign
 * claims.
 */
const REMEMBERED_VERSIONS = 20_000;

/**
 * The source of a sight: a change, a refresh, or a list. Changes before a refresh may have been
 * missed.
 */
export type SeenBy = 'stream' | 'refresh' | 'list';

/** What was known of an account before a sight. */
export interface LastSeen {
  readonly uid: string;
  /**
   * True if this service's own claim is under way: what looks like its echo may be another
   * service's claim.
   */
  readonly claiming: boolean;
}

export interface SightContext {
  readonly by: SeenBy;
  /** The account as it was known before this sight. */
  readonly before: LastSeen | undefined;
  /** True if nothing that decisions depend on has changed since then. */
  readonly unchanged: boolean;
  /** True if the last claim was this service's, and the outcome is not written. */
  readonly unfinished: boolean;
  /**
   * True if the account has the values with which this service left it in work, but another
   * version: another attribute was changed.
   */
  readonly readsAsOwn: boolean;
}

/**
 * The claims of services that should not exist: with `instances: one` those of any other service,
 * under leases those of a service without a lease.
 *
 * If an account gets an in-work mode while this service is connected, and this service did not
 * write it, the claim is another service's. The account is left alone until it has been unchanged
 * for the longest time that a handler may take, including the pauses between attempts. A newer
 * request for it waits, too, because the other service would also handle it.
 *
 * Under leases such a claim is only suspected. It counts if the lease of the uid turns out to have
 * no holder (`learnt`).
 *
 *   (unknown) --in work by a change, or newly so in a list or at its claim--> claimed
 *   claimed   --changed, still in work--> claimed, and the time starts again
 *   claimed   --failed, or finished--> (unknown)
 *   claimed   --requested again after it was finished, or lost from sight--> (unknown)
 *   claimed   --written by this service--> (unknown)
 *   claimed   --a reconnect--> claimed: a refresh does not show who claimed it
 *
 * Times are those of this host, from when the change was seen.
 */
export class ForeignClaims {
  readonly #work = new WorkByUid();
  /** The version of each claimed account that was seen last. */
  readonly #versions = new RecentMap<string>(REMEMBERED_VERSIONS);
  /** Under leases: the version of each account that got an in-work mode. */
  readonly #suspected = new RecentMap<string>(REMEMBERED_VERSIONS);
  readonly #longestMilliseconds: () => number;
  readonly #underLeases: boolean;
  readonly #monotonic: () => number;

  /**
   * `longestMilliseconds` returns the longest time between two writes of a service that works on an
   * account. `monotonic`: a clock, in milliseconds.
   */
  constructor(options: {
    readonly longestMilliseconds: () => number;
    readonly underLeases: boolean;
    readonly monotonic: () => number;
  }) {
    this.#longestMilliseconds = options.longestMilliseconds;
    this.#underLeases = options.underLeases;
    this.#monotonic = options.monotonic;
  }

  /**
   * To be called with a sight of an account that is not an echo of this service's own claim.
   * Returns true if it shows a claim that should not exist.
   */
  saw(id: string, record: AccountRecord, context: SightContext): boolean {
    const { by, before, readsAsOwn } = context;
    if (readsAsOwn) return false;
    const lane = laneOf(record.uid);
    if (before !== undefined) this.#work.renamed(id, laneOf(before.uid), lane);
    const phase = readMode(record.mode)?.phase;
    if (phase === 'inWork' && !isFailure(record.returnValue)) {
      if (!this.#isKnown(lane, id) && hasNotTurned(context)) return false;
      return this.#isClaim(lane, id, record);
    }
    const isAskedAgain =
      phase === 'requested' && record.returnValue === undefined && !this.#work.isOutOfSight(lane, id);
    if (!isAskedAgain && by !== 'list') this.ended(id, record.uid);
    return false;
  }

  #isKnown(lane: string, id: string): boolean {
    return this.#work.on(lane, id) !== undefined || this.#suspected.get(id) !== undefined;
  }

  /**
   * To be called when a read has shown that the account is in work without this service; under
   * leases only if its lease has no holder. Returns true if that shows a claim that should not
   * exist, for the first time.
   */
  learnt(id: string, record: AccountRecord): boolean {
    const reading = readMode(record.mode);
    if (reading?.phase !== 'inWork' || isFailure(record.returnValue)) return false;
    if (this.#underLeases && !this.sawClaim(id, record)) return false;
    return this.#claimed(laneOf(record.uid), id, record);
  }

  /**
   * Whether, under leases, this version of the account is the one with which it got its in-work
   * mode.
   */
  sawClaim(id: string, record: AccountRecord): boolean {
    return this.#underLeases && this.#suspected.get(id) === versionOf(record);
  }

  /** To be called when no other service is at work on the account. */
  ended(id: string, uid: string): void {
    this.#work.ended(laneOf(uid), id);
    this.#versions.delete(id);
    this.#suspected.delete(id);
  }

  /** To be called when the account is no longer open. */
  lostSight(id: string, uid: string): void {
    this.#work.lostSight(laneOf(uid), id);
  }

  /**
   * Returns how much longer another service may be at work on the account, or on another entry with
   * its uid, in milliseconds; 0 or less if none is.
   */
  timeLeft(id: string, record: AccountRecord): number {
    const lane = laneOf(record.uid);
    const since = [this.#work.on(lane, id), this.#work.onOtherEntries(lane, id)].filter((time) => time !== undefined);
    if (since.length === 0) return 0;
    return this.#longestMilliseconds() - (this.#monotonic() - Math.max(...since));
  }

  /** Remembers the claim, under leases as a suspicion. Returns as `saw`. */
  #isClaim(lane: string, id: string, record: AccountRecord): boolean {
    if (!this.#underLeases) return this.#claimed(lane, id, record);
    this.#suspected.set(id, versionOf(record));
    return false;
  }

  /** Remembers the claim. Returns true if the account was not known as claimed. */
  #claimed(lane: string, id: string, record: AccountRecord): boolean {
    const version = versionOf(record);
    if (this.#versions.get(id) === version && this.#work.on(lane, id) !== undefined) return false;
    const isNews = this.#work.on(lane, id) === undefined;
    this.#versions.set(id, version);
    this.#work.saw(lane, id, this.#monotonic());
    return isNews;
  }
}

/** Whether the sight shows no new claim of another service, although the account is in work. */
function hasNotTurned({ by, before, unchanged, unfinished }: SightContext): boolean {
  // Interrupted work may wait for a slot while lists show it.
  if (by === 'refresh' || (by === 'list' && unchanged)) return true;
  // It looks like the echo of this service's own claim. If it is not, the own claim is refused, and
  // then the entry is read. If this service claimed the account earlier and has not finished it,
  // the sight shows a change of another attribute.
  return unfinished || before?.claiming === true;
}
