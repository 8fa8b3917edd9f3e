import type { AccountRecord } from '../../src/domain/account.ts';
import type { Fence } from '../../src/domain/fence.ts';
import { readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { AccountIndex } from './account-index.ts';
import type { AccountVersions } from './account-versions.ts';
import type { ForeignClaims } from './foreign-claims.ts';
import { fingerprintOf, identityOf } from './identity.ts';
import type { FinishedAccount, Left, OpenAccount } from './open-account.ts';
import {
  claimSent,
  disowned,
  isWorking,
  type OwnWrite,
  outcomeSent,
  stampOf,
  writeAnswered,
  writtenOf,
} from './own-write.ts';
import {
  AS_CHANGE,
  type Judged,
  judgeFirst,
  judgeNext,
  type Sight,
  type SightVerdict,
  type Source,
  sightOf,
} from './sight.ts';

/**
 * The number of finished accounts that are remembered for late echoes: far more than finish while a
 * list is read.
 */
const REMEMBERED_FINISHED = 4096;

/**
 * The open accounts that the stream has shown: their identity, and what this service wrote to them.
 * This memory decides which accounts have left, because a complete snapshot does not show them, and
 * which sights are only echoes. It does not decide what to do with an account: that depends on the
 * entry alone. Its size is bounded by the number of open accounts.
 *
 * A snapshot is a refresh or a list. Snapshots are numbered in the order in which they begin.
 *
 *   (unknown) -> open       a sight, or a write of this service
 *   open -> open            a sight, or a write (see `OwnWrite`)
 *   open -> (unknown)       reported as left, not in a complete snapshot, finished, or forgotten
 */
export class OpenAccounts {
  readonly #index = new AccountIndex();
  /**
   * The accounts that were finished last, oldest first. The echo of their claim, or a list, may
   * arrive later.
   */
  readonly #finished = new RecentMap<FinishedAccount>(REMEMBERED_FINISHED);
  readonly #others: ForeignClaims;
  /** The newest version of each account, open or not. */
  readonly versions: AccountVersions;
  #latestSnapshot = 0;
  /**
   * The number of the latest complete snapshot. An account that was not seen since it began has
   * left, even if that is not passed on yet.
   */
  #completeSnapshot = 0;

  constructor({ others, versions }: { readonly others: ForeignClaims; readonly versions: AccountVersions }) {
    this.#others = others;
    this.versions = versions;
  }

  get size(): number {
    return this.#index.size;
  }

  /** To be called when a change or a snapshot shows an account. Returns what that means. */
  seen(record: AccountRecord, source: Source = AS_CHANGE): SightVerdict {
    const id = identityOf(record);
    const stale = this.versions.ageOf(record) === 'stale';
    this.versions.saw(record);
    const sight = sightOf(id, record, source, { stale, latestSnapshot: this.#latestSnapshot });
    const known = this.#find(id);
    if (known !== undefined) return this.#take(sight, judgeNext(known, sight));
    const missed = this.#remove(id);
    const judged = judgeFirst(sight, this.#finished.get(id));
    if (judged.account !== undefined) this.#finished.delete(id);
    return { ...this.#take(sight, judged), missed };
  }

  #take(sight: Sight, { verdict, account, others }: Judged): SightVerdict {
    const foreignClaim = others !== undefined && this.#tellOthers(sight, others);
    if (account !== undefined) this.#index.set(sight.id, account);
    return { ...verdict, foreignClaim };
  }

  #tellOthers({ id, record, by, stale }: Sight, others: NonNullable<Judged['others']>): boolean {
    // Neither a late echo of an own write nor a stale sight shows a claim of another service.
    if (stale || (readMode(record.mode)?.phase === 'inWork' && this.versions.isOwn(record))) return false;
    return this.#others.saw(id, record, { by, ...others, unfinished: this.versions.isUnfinished(id) });
  }

  /**
   * Whether an entry has the version that this service wrote last, and nothing else was seen since
   * then. Then it is an echo and need not be read. This requires a server that shows an entryCSN.
   */
  isOwnVersion(entryUUID: string, entryCSN: string): boolean {
    const known = this.#find(entryUUID);
    const isOwn =
      known !== undefined &&
      stampOf(known.ownWrite)?.entryCSN === entryCSN &&
      writtenOf(known.ownWrite) === known.fingerprint;
    if (isOwn) this.#index.set(entryUUID, { ...known, seenIn: this.#latestSnapshot });
    return isOwn;
  }

  /**
   * To be called when an entry has left the searched content. Returns its account; undefined if it
   * was not known.
   */
  left(dn: string, entryUUID: string | undefined): Left | undefined {
    const id = this.#index.idOf(dn, entryUUID);
    return id === undefined ? undefined : this.#remove(id);
  }

  /** Whether the account is open, as far as it is known. */
  isOpen(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  /** To be called when a snapshot begins. Returns its number. */
  beginSnapshot(): number {
    this.#latestSnapshot += 1;
    return this.#latestSnapshot;
  }

  /**
   * To be called when a snapshot is complete: accounts that were not seen since it began have left.
   * Each step of the iteration looks at one account. If the account has left, the step forgets and
   * returns it. There may be hundreds of thousands of accounts, so the caller may pause. An account
   * that the iteration has not reached yet counts as left, too.
   */
  endSnapshot(snapshot: number): Iterator<Left | undefined> {
    this.#completeSnapshot = Math.max(this.#completeSnapshot, snapshot);
    return this.#sweep();
  }

  *#sweep(): Generator<Left | undefined> {
    for (const [id, { seenIn }] of this.#index.entries()) {
      yield seenIn < this.#completeSnapshot ? this.#remove(id) : undefined;
    }
  }

  /**
   * To be called before a claim is sent. If it succeeds, the account will be as `record`, with the
   * fence.
   */
  claiming(id: string, record: AccountRecord, fence: Fence): void {
    // The claim was decided on this version, which the stream may show later.
    this.versions.saw(record);
    this.versions.claiming(id, fence.by === 'token' ? fence.token : undefined);
    this.#write(id, record, claimSent(record, this.#latestSnapshot));
  }

  /**
   * To be called when this service has written to the account, which is now as `record`. `made`:
   * the entryCSN of a write that was just answered.
   */
  wrote(id: string, record: AccountRecord, { working, made }: { working: boolean; made?: string | undefined }): void {
    this.versions.wrote(id, made);
    this.#write(id, record, writeAnswered(working ? 'working' : 'resting', record, this.#latestSnapshot));
    this.#others.ended(id, record.uid);
  }

  #write(id: string, record: AccountRecord, ownWrite: OwnWrite): void {
    const { dn, uid } = this.#find(id) ?? record;
    const seenIn = this.#find(id)?.seenIn ?? this.#latestSnapshot;
    this.#index.set(id, {
      dn,
      uid,
      seenIn,
      fingerprint: fingerprintOf(record),
      askedAgain: false,
      ownWrite,
    });
  }

  /** To be called before an outcome is written. If it succeeds, the account will be as `record`. */
  writing(id: string, record: AccountRecord): void {
    const known = this.#find(id);
    if (known !== undefined) this.#index.set(id, { ...known, ownWrite: outcomeSent(known.ownWrite, record) });
  }

  /**
   * To be called when the account is no longer this service's own. From then on, every sight of it
   * counts as new.
   */
  release(id: string): void {
    const known = this.#find(id);
    if (known !== undefined) this.#index.set(id, { ...known, ownWrite: disowned(known.ownWrite) });
  }

  /**
   * To be called when this service has finished the account, by the outcome with the entryCSN
   * `made`. Echoes of its claim may still come.
   */
  finished(id: string, made: string | undefined): void {
    this.versions.wrote(id, made);
    this.versions.ended(id);
    const known = this.#find(id);
    this.#remove(id);
    const written = known === undefined ? undefined : writtenOf(known.ownWrite);
    const stamp = known === undefined ? undefined : stampOf(known.ownWrite);
    if (written === undefined || stamp === undefined) return;
    this.#finished.set(id, { written, stamp, duringSnapshot: this.#latestSnapshot });
  }

  /** To be called when the account is no longer open, or its entry does not exist any more. */
  forget(id: string): void {
    this.#remove(id);
  }

  /**
   * To be called when a read, not a change, has shown that the account is in work without this
   * service, and no lease says by whom. Returns true if that shows a claim that should not exist.
   */
  learnt(record: AccountRecord): boolean {
    this.versions.saw(record);
    return !this.versions.isOwn(record) && this.#others.learnt(identityOf(record), record);
  }

  /**
   * Under leases: whether this service has seen the claim of another service that may have the
   * lease.
   */
  sawClaim(record: AccountRecord): boolean {
    return this.#others.sawClaim(identityOf(record), record);
  }

  /**
   * Returns how much longer another service may be at work on an earlier request of the account, or
   * on another entry with its uid, in milliseconds; 0 or less if none is. That service meets the
   * newer request when it writes its outcome, and serves it then.
   */
  othersTimeLeft(record: AccountRecord): number {
    return this.#others.timeLeft(identityOf(record), record);
  }

  /** See `AccountVersions.behindTimeLeft`. */
  behindTimeLeft(record: AccountRecord): number {
    return this.versions.behindTimeLeft(record);
  }

  /**
   * Whether something newer than this service's last write came into sight. Another service's claim
   * may look like this service's own. Then only the request before that claim shows the difference.
   */
  isOvertaken(id: string): boolean {
    const known = this.#find(id);
    if (known === undefined) return false;
    const written = writtenOf(known.ownWrite);
    return known.askedAgain || (written !== undefined && known.fingerprint !== written);
  }

  /** Whether the account is still as the record shows it. */
  isAsSeen(id: string, record: AccountRecord): boolean {
    return this.#find(id)?.fingerprint === fingerprintOf(record);
  }

  /**
   * Whether a request came into sight whose version is newer than this service's last write. If the
   * account is in work after that, another service has claimed it. This requires a server that
   * shows an entryCSN.
   */
  isAskedAgain(id: string): boolean {
    return this.#find(id)?.askedAgain ?? false;
  }

  /** Returns the account, unless it is known to have left. */
  #find(id: string): OpenAccount | undefined {
    const known = this.#index.get(id);
    return known === undefined || known.seenIn < this.#completeSnapshot ? undefined : known;
  }

  #remove(id: string): Left | undefined {
    const known = this.#index.get(id);
    if (known === undefined) return undefined;
    this.#index.delete(id);
    this.versions.left(id);
    this.#others.lostSight(id, known.uid);
    return { id, dn: known.dn, uid: known.uid, working: isWorking(known.ownWrite) };
  }
}
