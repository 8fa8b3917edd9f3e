import type { AccountRecord } from '../../src/domain/account.ts';
import { isFailure } from '../../src/domain/decide.ts';
import { readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { laneOf } from '../candidate.ts';
import { versionOf } from './identity.ts';
import type { OtherServices, SightContext } from './other-services.ts';
import { WorkByUid } from './work-by-uid.ts';

/**
 * The number of claimed accounts whose version is remembered: far more than foreign claims that are
 * ever seen.
 */
const REMEMBERED_VERSIONS = 20_000;

/**
 * With `instances: one`: the claims that another service made all the same. If an account turns to
 * in-work while this service is connected, and this service did not do it, the claim is another
 * service's. The account is left alone until it has been unchanged for the longest time that a
 * handler may take, including the pauses between attempts. So is a newer request for it, which the
 * other service would take up, too.
 *
 *   (unknown) --in work by a change or in a list, or found so when it was to be claimed--> claimed
 *   claimed   --changed, still in work--> claimed, and the time begins anew
 *   claimed   --failed, or finished--> (unknown)
 *   claimed   --requested again after it was finished, or lost from sight--> (unknown)
 *   claimed   --written by this service--> (unknown)
 *   claimed   --a reconnect--> claimed: a refresh does not show who claimed it
 *
 * Times are those of this host, from when the change was seen.
 */
export class ForeignClaims implements OtherServices {
  readonly #work = new WorkByUid();
  /** The version of each claimed account that was seen last. */
  readonly #versions = new RecentMap<string>(REMEMBERED_VERSIONS);
  readonly #longestMilliseconds: number;
  readonly #monotonic: () => number;

  /**
   * `longestMilliseconds`: after this time without a change no service is at work. `monotonic`: a
   * clock, in milliseconds.
   */
  constructor(longestMilliseconds: number, monotonic: () => number) {
    this.#longestMilliseconds = longestMilliseconds;
    this.#monotonic = monotonic;
  }

  sighted(id: string, record: AccountRecord, { by, before, unfinished, readsAsOwn }: SightContext): boolean {
    if (readsAsOwn) return false;
    const lane = laneOf(record.uid);
    if (before !== undefined) this.#work.renamed(id, laneOf(before.uid), lane);
    const phase = readMode(record.mode)?.phase;
    if (phase === 'inWork' && !isFailure(record.returnValue)) {
      const isKnown = this.#work.on(lane, id) !== undefined;
      // It looks like the echo of an own claim. If it is not, the own claim is refused, and the
      // entry is read then. An account that this service claimed earlier and has not finished has
      // not turned to in-work now: something else was changed.
      if (!isKnown && (by === 'refresh' || unfinished || before?.claiming === true)) return false;
      return this.#claimed(lane, id, record);
    }
    const isAskedAgain =
      phase === 'requested' && record.returnValue === undefined && !this.#work.isOutOfSight(lane, id);
    if (!isAskedAgain && by !== 'list') this.ended(id, record.uid);
    return false;
  }

  learnt(id: string, record: AccountRecord): boolean {
    const reading = readMode(record.mode);
    if (reading?.phase !== 'inWork' || isFailure(record.returnValue)) return false;
    return this.#claimed(laneOf(record.uid), id, record);
  }

  ended(id: string, uid: string): void {
    this.#work.ended(laneOf(uid), id);
    this.#versions.delete(id);
  }

  lostSight(id: string, uid: string): void {
    this.#work.lostSight(laneOf(uid), id);
  }

  timeLeft(id: string, record: AccountRecord): number {
    const lane = laneOf(record.uid);
    const since = [this.#work.on(lane, id), this.#work.besides(lane, id)].filter((time) => time !== undefined);
    if (since.length === 0) return 0;
    return this.#longestMilliseconds - (this.#monotonic() - Math.max(...since));
  }

  isAtWork(id: string, record: AccountRecord): boolean {
    return this.timeLeft(id, record) > 0;
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
