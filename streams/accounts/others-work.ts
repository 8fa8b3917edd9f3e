import type { AccountRecord } from '../../src/domain/account.ts';
import { isFailure } from '../../src/domain/decide.ts';
import { mayHideWork } from '../../src/domain/hidden-work.ts';
import { readMode } from '../../src/domain/mode.ts';
import { laneOf } from '../candidate.ts';
import { fingerprintOf, versionOf } from './identity.ts';
import type { LastSeen, OtherServices, SeenBy, SightContext } from './other-services.ts';
import { WorkByUid } from './work-by-uid.ts';

/**
 * With `instances: several`: what this service knows of the work of other services on the same
 * accounts, from the claims that its stream shows, and from what they leave behind. A newer request
 * erases a claim. So a request whose entry was not followed up to its version counts as if a claim
 * were behind it, unless the entry itself speaks against it (`mayHideWork`).
 */
export class OthersWork implements OtherServices {
  readonly #work = new WorkByUid();
  readonly #longestHandlerMilliseconds: number;
  readonly #directoryTime: () => number | undefined;

  /**
   * `longestHandlerMilliseconds`: the longest time that a handler of any service may take.
   * `directoryTime`: a lower bound of the directory's clock, in milliseconds since 1970; undefined
   * if it is not known yet.
   */
  constructor(longestHandlerMilliseconds: number, directoryTime: () => number | undefined) {
    this.#longestHandlerMilliseconds = longestHandlerMilliseconds;
    this.#directoryTime = directoryTime;
  }

  /** Always returns false: claims of other services are expected here. */
  sighted(id: string, record: AccountRecord, { by, before, readsAsOwn }: Omit<SightContext, 'unfinished'>): boolean {
    if (readsAsOwn && !this.#mayBeTakenOver(record, before)) return false;
    const lane = laneOf(record.uid);
    if (before !== undefined) this.#work.renamed(id, laneOf(before.uid), lane);
    switch (this.#whatIsKnown(record, by, before)) {
      case 'work':
        if (record.modifiedAt !== undefined) this.#work.saw(lane, id, record.modifiedAt);
        break;
      case 'noWork':
        // A list may be older than a claim that the stream has shown.
        if (by !== 'list') this.#work.ended(lane, id);
        break;
      case 'nothing':
        break;
    }
    return false;
  }

  #whatIsKnown(record: AccountRecord, by: SeenBy, before: LastSeen | undefined): 'work' | 'noWork' | 'nothing' {
    const phase = readMode(record.mode)?.phase;
    if (phase === 'inWork' && !isFailure(record.returnValue)) return 'work';
    if (phase !== 'requested' || record.returnValue !== undefined) return 'noWork';
    return mayHideWork(record) && this.#isUntold(record, by, before) ? 'work' : 'nothing';
  }

  /**
   * Whether a claim before the request may have been missed: while there was no connection, or
   * because the server reported two changes as one.
   */
  #isUntold(record: AccountRecord, by: SeenBy, before: LastSeen | undefined): boolean {
    if (by === 'refresh') return !this.#isFollowed(record, before);
    return by === 'stream' && skippedClaim(record, before);
  }

  learnt(id: string, record: AccountRecord): boolean {
    return (
      readMode(record.mode)?.phase === 'inWork' &&
      this.sighted(id, record, { by: 'list', before: undefined, readsAsOwn: false })
    );
  }

  ended(id: string, uid: string): void {
    this.#work.ended(laneOf(uid), id);
  }

  lostSight(id: string, uid: string): void {
    this.#work.lostSight(laneOf(uid), id);
  }

  timeLeft(id: string, record: AccountRecord, lastSeen: LastSeen | undefined): number {
    return this.#leftSince(this.#since(id, record, lastSeen));
  }

  isAtWork(id: string, record: AccountRecord): boolean {
    const lane = laneOf(record.uid);
    return this.#leftSince(latest(this.#work.besides(lane, id), this.#work.on(lane, id))) > 0;
  }

  #leftSince(since: number | undefined): number {
    if (since === undefined) return 0;
    const directoryTime = this.#directoryTime();
    const age = directoryTime === undefined ? 0 : directoryTime - since;
    return this.#longestHandlerMilliseconds - age + 1;
  }

  /**
   * Returns since when another service may have been at work on an earlier request of the account,
   * or on another entry with its uid; undefined if none can be.
   */
  #since(id: string, record: AccountRecord, lastSeen: LastSeen | undefined): number | undefined {
    const lane = laneOf(record.uid);
    const besides = this.#work.besides(lane, id);
    const isRequest = readMode(record.mode)?.phase === 'requested';
    if (!isRequest || record.returnValue !== undefined) return besides;
    const unseen = mayHideWork(record) && !this.#isFollowed(record, lastSeen);
    return latest(besides, this.#work.on(lane, id), unseen ? record.modifiedAt : undefined);
  }

  /**
   * Whether this version of an account that this service claimed may be the take-over of another
   * one. The directory's times have a resolution of one second.
   */
  #mayBeTakenOver({ modifiedAt }: AccountRecord, before: LastSeen | undefined): boolean {
    if (modifiedAt === undefined || before?.ownSince === undefined) return false;
    return modifiedAt > before.ownSince + this.#longestHandlerMilliseconds - 1_000;
  }

  /**
   * Whether it is known what happened to the account up to this version of it, or that no other
   * service can have claimed it.
   */
  #isFollowed(record: AccountRecord, lastSeen: LastSeen | undefined): boolean {
    if (lastSeen === undefined) return false;
    if (lastSeen.version === versionOf(record) && lastSeen.fingerprint === fingerprintOf(record)) return true;
    if (lastSeen.ownSince === undefined || record.modifiedAt === undefined) return false;
    return record.modifiedAt < lastSeen.ownSince + this.#longestHandlerMilliseconds;
  }
}

/**
 * Whether a change shows that one before it was not reported: the return value is gone, which only
 * a claim removes; or the same version comes twice, as when slapd reports two changes after the
 * second was made.
 */
function skippedClaim(record: AccountRecord, before: LastSeen | undefined): boolean {
  if (before === undefined) return false;
  return before.keepsReturnValue || (record.entryCSN !== undefined && before.version === record.entryCSN);
}

function latest(...times: ReadonlyArray<number | undefined>): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
