import type { AccountRecord } from '../src/domain/account.ts';
import { isSameDn } from '../src/domain/dn.ts';
import type { Fence } from '../src/domain/fence.ts';
import { readMode } from '../src/domain/mode.ts';
import { RecentMap } from '../src/domain/recent-map.ts';
import { AccountIndex } from './account-index.ts';
import type { AccountVersions } from './account-versions.ts';
import { fingerprintOf, identityOf, isSameStamp, versionOf } from './identity.ts';
import {
  AS_CHANGE,
  isEcho,
  isNewRequest,
  isNoted,
  isOlderThanWrite,
  isWorking,
  type Known,
  type Left,
  lastSeenOf,
  NOTHING_WRITTEN,
  type OwnWrite,
  ownNoMore,
  ownOutcome,
  ownWrite,
  readsAsWritten,
  type Seen,
  type Settled,
  type Sighting,
  stampOn,
  writtenTo,
} from './known-account.ts';
import type { LastSeen, OtherServices } from './other-services.ts';

/** Echoes of finished accounts that may still be under way: far more than finish while a list is read. */
const REMEMBERED_SETTLEMENTS = 4096;

/** One sight of an account. */
interface Sight extends Seen {
  readonly id: string;
  readonly record: AccountRecord;
  readonly fingerprint: string;
  /** Something newer is known on this very connection. */
  readonly stale: boolean;
}

/**
 * The accounts among the searched content, as far as the stream has told: who they are, and what this service wrote to
 * them. It answers which of them a completed refresh or list no longer holds, and which changes are only echoes. Bounded by
 * the accounts that are open. It never says what to do with an account: that says the entry.
 */
export class OpenAccounts {
  readonly #known = new AccountIndex();
  /** What was written last, oldest first: the claim's echo, or a list, may arrive after the account was finished. */
  readonly #settled = new RecentMap<Settled>(REMEMBERED_SETTLEMENTS);
  readonly #others: OtherServices;
  /** The newest version of each account, be it among the searched content or not. */
  readonly versions: AccountVersions;
  #generation = 0;
  /** The refresh or list up to which all are complete: what was not seen since that began has left, told or not. */
  #complete = 0;

  constructor({ others, versions }: { readonly others: OtherServices; readonly versions: AccountVersions }) {
    this.#others = others;
    this.versions = versions;
  }

  get size(): number {
    return this.#known.size;
  }

  /**
   * An account was sent: as a change, or as part of the refresh or list that has the number `since`. What the latter says of
   * an account that was written since it began may be older than that write, and is not heeded: what is newer comes as a
   * change, or with the next list.
   */
  seen(record: AccountRecord, how: Seen = AS_CHANGE): Sighting {
    const id = identityOf(record);
    const stale = this.versions.ageOf(record) === 'stale';
    const sight = { id, record, ...how, stale, fingerprint: fingerprintOf(record) };
    this.versions.saw(record);
    const known = this.#find(id);
    return known === undefined ? this.#seenAnew(sight) : this.#seenAgain(known, sight);
  }

  #seenAnew(sight: Sight): Sighting {
    const { id, record, by, since, stale, fingerprint } = sight;
    const missed = this.#remove(id);
    const settled = this.#settled.get(id);
    if (settled !== undefined && isEcho(settled, record, since)) {
      return { id, own: true, unchanged: true, working: false, stale, foreignClaim: false, missed };
    }
    this.#settled.delete(id);
    const foreignClaim = this.#sighted(sight, undefined, false);
    const { dn, uid } = record;
    this.#known.set(id, {
      dn,
      uid,
      generation: this.#generation,
      fingerprint,
      noted: by !== 'list' && isNoted(record),
      version: by === 'list' ? undefined : versionOf(record),
      askedAgain: isNewRequest(record, stale),
      own: NOTHING_WRITTEN,
    });
    return { id, own: false, unchanged: false, working: false, stale, foreignClaim, missed };
  }

  #seenAgain(known: Known, sight: Sight): Sighting {
    const { id, record, since, stale, fingerprint } = sight;
    const working = isWorking(known);
    known.generation = this.#generation;
    if (stale && working) {
      // What was written after it, or has been told already, is what counts; the outcome's fence finds any newer request.
      return { id, own: true, unchanged: true, working, stale, foreignClaim: false };
    }
    known.askedAgain ||= isNewRequest(record, stale);
    const own = readsAsWritten(known, fingerprint);
    if (!own && isOlderThanWrite(known, since)) {
      return { id, own: true, unchanged: true, working, stale, foreignClaim: false };
    }
    const unchanged = known.fingerprint === fingerprint;
    const foreignClaim = this.#isForeignClaim(known, sight, own);
    this.#renew(known, sight);
    return { id, own, unchanged, working, stale, foreignClaim };
  }

  #isForeignClaim(known: Known, sight: Sight, own: boolean): boolean {
    const { record } = sight;
    const isInWork = readMode(record.mode)?.phase === 'inWork';
    const stamp = stampOn(known);
    const isLateEcho = stamp !== undefined && isSameStamp(stamp, record);
    if (isInWork && isLateEcho) return false;
    // What looks like the echo of a claim that is under way may as well be another service's claim.
    return this.#sighted(sight, lastSeenOf(known), own && isInWork && known.own.at !== 'claiming');
  }

  /** A list may be older than what the stream has told. */
  #renew(known: Known, { id, record, by, fingerprint }: Sight): void {
    known.fingerprint = fingerprint;
    if (by !== 'list') {
      known.noted = isNoted(record);
      known.version = versionOf(record);
    }
    const { dn, uid } = record;
    if (!isSameDn(known.dn, dn) || known.uid !== uid) this.#known.set(id, { ...known, dn, uid });
  }

  #sighted({ id, record, by, stale }: Sight, before: LastSeen | undefined, readsAsOwn: boolean): boolean {
    // A late echo, of whatever this service wrote, is nobody else's claim; nor does what is out of date tell of one.
    if (stale || (readMode(record.mode)?.phase === 'inWork' && this.versions.isOwn(record))) return false;
    return this.#others.sighted(id, record, { by, before, unfinished: this.versions.isUnfinished(id), readsAsOwn });
  }

  /** An entry has left the searched content. Answers which account that was; undefined where it was not known. */
  left(dn: string, entryUUID: string | undefined): Left | undefined {
    const id = this.#known.idOf(dn, entryUUID);
    return id === undefined ? undefined : this.#remove(id);
  }

  /** A refresh or a list begins. Answers its number, to be given to `endOf`. */
  begin(): number {
    this.#generation += 1;
    return this.#generation;
  }

  /**
   * A refresh or list is complete: who has not been seen since it began has left. Each step of the iteration looks at one account,
   * and forgets and answers it where it has left. There may be hundreds of thousands, so the caller may take his time: those
   * that he has not come to yet have left all the same.
   */
  endOf(generation: number): Iterator<Left | undefined> {
    this.#complete = Math.max(this.#complete, generation);
    return this.#sweep();
  }

  *#sweep(): Generator<Left | undefined> {
    for (const [id, known] of this.#known.entries()) {
      yield known.generation < this.#complete ? this.#remove(id) : undefined;
    }
  }

  /** This service wrote to the account, which now stands as `record`; `made`: the entryCSN of a write that was just answered. */
  wrote(id: string, record: AccountRecord, { working, made }: { working: boolean; made?: string | undefined }): void {
    this.versions.wrote(id, made);
    this.#write(id, record, ownWrite(working ? 'working' : 'resting', record, this.#generation));
    this.#others.ended(id, record.uid);
  }

  #write(id: string, record: AccountRecord, own: OwnWrite): void {
    const after = {
      fingerprint: fingerprintOf(record),
      noted: isNoted(record),
      version: versionOf(record),
      askedAgain: false,
      own,
    };
    const known = this.#find(id);
    const { dn, uid } = record;
    if (known === undefined) this.#known.set(id, { dn, uid, generation: this.#generation, ...after });
    else Object.assign(known, after);
  }

  /** This service is about to write an outcome, with which the account will stand as `record`. */
  writing(id: string, record: AccountRecord): void {
    const known = this.#find(id);
    if (known !== undefined) known.own = ownOutcome(known.own, record);
  }

  /** It was read that somebody else is at work on the account. True where that is a claim that ought not to be there. */
  learnt(record: AccountRecord): boolean {
    this.versions.saw(record);
    return !this.versions.isOwn(record) && this.#others.learnt(identityOf(record), record);
  }

  /** This service is about to claim the account, which will then stand as `record`, under the fence. */
  claiming(id: string, record: AccountRecord, fence: Fence): void {
    // It was decided on this version, which the stream may tell of later.
    this.versions.saw(record);
    this.versions.claiming(id, fence.by === 'token' ? fence.token : undefined);
    this.#write(id, record, { at: 'claiming', written: fingerprintOf(record), writtenIn: this.#generation });
  }

  /**
   * For how much longer another service may be at work on an earlier request of the account, or on another entry with its uid,
   * in milliseconds; 0 or less where none is. It meets the newer request when it writes its outcome, and serves it then.
   */
  othersTimeLeft(record: AccountRecord): number {
    const id = identityOf(record);
    const known = this.#find(id);
    return this.#others.timeLeft(id, record, known === undefined ? undefined : lastSeenOf(known));
  }

  /** Whether a claim of another service on the account, or on its uid, was seen and may still be worked on. */
  isOtherAtWork(record: AccountRecord): boolean {
    return this.#others.isAtWork(identityOf(record), record);
  }

  /** For how much longer the account waits for a server that lags, in milliseconds: see `AccountVersions`. */
  behindTimeLeft(record: AccountRecord): number {
    return this.versions.behindTimeLeft(record);
  }

  /**
   * Whether something newer came into sight since this service wrote to the account last. Another service's claim looks like
   * this one's own; the request before it tells.
   */
  isOvertaken(id: string): boolean {
    const known = this.#find(id);
    if (known === undefined) return false;
    const written = writtenTo(known);
    return known.askedAgain || (written !== undefined && known.fingerprint !== written);
  }

  /**
   * Whether a request came into sight, by its version newer than what this service wrote last: what stands in work since then is
   * another service's claim. Only servers that show versions tell.
   */
  isAskedAgain(id: string): boolean {
    return this.#find(id)?.askedAgain ?? false;
  }

  /** The account is no longer this service's own: whatever is seen of it is news again. */
  release(id: string): void {
    const known = this.#find(id);
    if (known !== undefined) known.own = ownNoMore(known.own);
  }

  /** This service finished the account, by the outcome that has the entryCSN `made`. Echoes of its claim may still come. */
  finished(id: string, made: string | undefined): void {
    this.versions.wrote(id, made);
    this.versions.ended(id);
    const known = this.#find(id);
    this.#remove(id);
    const written = known === undefined ? undefined : writtenTo(known);
    const stamp = known === undefined ? undefined : stampOn(known);
    if (written === undefined || stamp === undefined) return;
    this.#settled.set(id, { written, writtenIn: this.#generation, stamp });
  }

  /** The account is no longer open, or no longer there. */
  forget(id: string): void {
    this.#remove(id);
  }

  /** The account, unless it is known to have left. */
  #find(id: string): Known | undefined {
    const known = this.#known.get(id);
    return known === undefined || known.generation < this.#complete ? undefined : known;
  }

  #remove(id: string): Left | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    this.#known.delete(id);
    this.versions.left(id);
    this.#others.lostSight(id, known.uid);
    return { id, dn: known.dn, uid: known.uid, working: isWorking(known) };
  }
}
