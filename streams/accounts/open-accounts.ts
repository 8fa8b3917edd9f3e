import type { AccountRecord } from '../../src/domain/account.ts';
import type { Fence } from '../../src/domain/fence.ts';
import { readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { AccountIndex } from './account-index.ts';
import type { AccountVersions } from './account-versions.ts';
import { fingerprintOf, identityOf, versionOf } from './identity.ts';
import { type FinishedAccount, type Left, lastSeenOf, type OpenAccount } from './open-account.ts';
import type { OtherServices } from './other-services.ts';
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
  keepsReturnValue,
  type Sight,
  type Sighting,
  type Source,
  sightOf,
} from './sight.ts';

/**
 * Echoes of finished accounts that may still be under way: far more than finish while a list is
 * read.
 */
const REMEMBERED_FINISHED = 4096;

/**
 * The accounts among the searched content, as far as the stream has told: who they are, and what
 * this service wrote to them. It says which of them a complete snapshot no longer holds, and which
 * sights are only echoes. What to do with an account says its entry, not this memory. Bounded by
 * the accounts that are open.
 *
 * A snapshot is a refresh or a list. They are numbered, in the order in which they begin.
 *
 *   (unknown) -> open       a sight, or a write of this service
 *   open -> open            a sight, or a write (see `OwnWrite`)
 *   open -> (unknown)       it has left: told, not in a complete snapshot, finished, or forgotten
 */
export class OpenAccounts {
  readonly #index = new AccountIndex();
  /**
   * What was finished last, oldest first: the claim's echo, or a list, may arrive after that.
   */
  readonly #finished = new RecentMap<FinishedAccount>(REMEMBERED_FINISHED);
  readonly #others: OtherServices;
  /** The newest version of each account, be it among the searched content or not. */
  readonly versions: AccountVersions;
  #latestSnapshot = 0;
  /** What was not seen since this snapshot began has left, told or not. */
  #completeSnapshot = 0;

  constructor({ others, versions }: { readonly others: OtherServices; readonly versions: AccountVersions }) {
    this.#others = others;
    this.versions = versions;
  }

  get size(): number {
    return this.#index.size;
  }

  /** An account was told of, or shown by a snapshot. */
  seen(record: AccountRecord, source: Source = AS_CHANGE): Sighting {
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

  #take(sight: Sight, { sighting, account, others }: Judged): Sighting {
    const foreignClaim = others !== undefined && this.#tellOthers(sight, others);
    if (account !== undefined) this.#index.set(sight.id, account);
    return { ...sighting, foreignClaim };
  }

  #tellOthers({ id, record, by, stale }: Sight, others: NonNullable<Judged['others']>): boolean {
    // A late echo, of whatever this service wrote, is nobody else's claim. Nor does what is out of
    // date tell of one.
    if (stale || (readMode(record.mode)?.phase === 'inWork' && this.versions.isOwn(record))) return false;
    return this.#others.sighted(id, record, { by, ...others, unfinished: this.versions.isUnfinished(id) });
  }

  /**
   * Whether an entry is the very version that this service wrote last, and nothing else was seen
   * since. It is an echo, and need not be read. Only servers that show versions tell.
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
   * An entry has left the searched content. Returns which account that was; undefined where it was
   * not known.
   */
  left(dn: string, entryUUID: string | undefined): Left | undefined {
    const id = this.#index.idOf(dn, entryUUID);
    return id === undefined ? undefined : this.#remove(id);
  }

  /** A snapshot begins. Returns its number. */
  beginSnapshot(): number {
    this.#latestSnapshot += 1;
    return this.#latestSnapshot;
  }

  /**
   * A snapshot is complete: what was not seen since it began has left. Each step of the iteration
   * looks at one account, and forgets and returns it where it has left. There may be hundreds of
   * thousands, so the caller may take breaks: those that it has not come to yet have left all the
   * same.
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
   * This service is about to claim the account, which will then stand as `record`, under the fence.
   */
  claiming(id: string, record: AccountRecord, fence: Fence): void {
    // It was decided on this version, which the stream may tell of later.
    this.versions.saw(record);
    this.versions.claiming(id, fence.by === 'token' ? fence.token : undefined);
    this.#write(id, record, claimSent(record, this.#latestSnapshot));
  }

  /**
   * This service wrote to the account, which now stands as `record`. `made`: the entryCSN of a
   * write that was just answered.
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
      keepsReturnValue: keepsReturnValue(record),
      version: versionOf(record),
      askedAgain: false,
      ownWrite,
    });
  }

  /**
   * This service is about to write an outcome, with which the account will stand as `record`.
   */
  writing(id: string, record: AccountRecord): void {
    const known = this.#find(id);
    if (known !== undefined) this.#index.set(id, { ...known, ownWrite: outcomeSent(known.ownWrite, record) });
  }

  /** The account is no longer this service's own: whatever is seen of it is news again. */
  release(id: string): void {
    const known = this.#find(id);
    if (known !== undefined) this.#index.set(id, { ...known, ownWrite: disowned(known.ownWrite) });
  }

  /**
   * This service finished the account, by the outcome that has the entryCSN `made`. Echoes of its
   * claim may still come.
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

  /** The account is no longer open, or no longer there. */
  forget(id: string): void {
    this.#remove(id);
  }

  /**
   * It was read, not told, that another service is at work on the account. Returns true where that
   * is a claim that ought not to be there.
   */
  learnt(record: AccountRecord): boolean {
    this.versions.saw(record);
    return !this.versions.isOwn(record) && this.#others.learnt(identityOf(record), record);
  }

  /**
   * For how much longer another service may be at work on an earlier request of the account, or on
   * another entry with its uid, in milliseconds. 0 or less where none is. It meets the newer
   * request when it writes its outcome, and serves it then.
   */
  othersTimeLeft(record: AccountRecord): number {
    const id = identityOf(record);
    const known = this.#find(id);
    return this.#others.timeLeft(id, record, known === undefined ? undefined : lastSeenOf(known));
  }

  /**
   * Whether a claim of another service on the account, or on its uid, was seen and may still be
   * worked on.
   */
  isOtherAtWork(record: AccountRecord): boolean {
    return this.#others.isAtWork(identityOf(record), record);
  }

  /** See `AccountVersions.behindTimeLeft`. */
  behindTimeLeft(record: AccountRecord): number {
    return this.versions.behindTimeLeft(record);
  }

  /**
   * Whether something newer came into sight since this service wrote to the account last. Another
   * service's claim looks like this one's own; the request before it tells.
   */
  isOvertaken(id: string): boolean {
    const known = this.#find(id);
    if (known === undefined) return false;
    const written = writtenOf(known.ownWrite);
    return known.askedAgain || (written !== undefined && known.fingerprint !== written);
  }

  /**
   * Whether a request came into sight, by its version newer than what this service wrote last: what
   * stands in work since then is another service's claim. Only servers that show versions tell.
   */
  isAskedAgain(id: string): boolean {
    return this.#find(id)?.askedAgain ?? false;
  }

  /** The account, unless it is known to have left. */
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
