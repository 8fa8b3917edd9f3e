import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import { type Decision, isInWork } from '../src/domain/decide.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { DirectoryError, failureKind, ResultCode } from '../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../src/domain/entry.ts';
import { claimFence, type Fence, type Fencing, outcomeFence, standingFence } from '../src/domain/fence.ts';
import { type Mode, readMode } from '../src/domain/mode.ts';
import { askAgain, claim, claimed, resume, resumed } from '../src/domain/transition.ts';
import { type Candidate, revived, sameTurn } from './candidate.ts';
import { Conflict, MOST_CONFLICTS } from './conflicts.ts';
import { isLeftAlone } from './identity.ts';
import { readAgain } from './read-again.ts';

export interface ClaimDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /** Why the account must not be worked on, by what is known of it beside the entry; undefined: nothing. Rejects when stopped. */
  readonly objection: (record: AccountRecord) => Promise<string | undefined>;
  /** Decides by the rules of this moment. */
  readonly decideNow: (record: AccountRecord) => Decision;
  readonly patience: Patience;
  /** No other service works on these accounts. */
  readonly alone: boolean;
  /** How the server in use refuses late requests. */
  readonly fencing: () => Fencing;
  /** A token day that was not chosen before, or not lately. */
  readonly newToken: () => string;
  /** Told how the entry will stand if the claim succeeds, and by which fence: its echo may come before the answer. */
  readonly claiming: (record: AccountRecord, fence: Fence) => void;
  /** Whether the account stands as this service itself wrote it, by its version or its token. */
  readonly isOwn: (record: AccountRecord) => boolean;
  /** Whether another service's claim was seen, also while this one's was under way. */
  readonly isOthersAtWork: (record: AccountRecord) => boolean;
  /** Told that somebody else has claimed the account. */
  readonly learnt: (record: AccountRecord) => void;
}

export type ClaimResult =
  /** The account is this service's, and stands as `record` and `entry` say; the outcome is to name the fence. */
  | {
      readonly kind: 'claimed';
      readonly how: 'claim' | 'resume' | 'takeOver';
      readonly mode: Mode;
      readonly record: AccountRecord;
      readonly entry: DirectoryEntry;
      readonly fence: Fence;
    }
  /** Nothing to be done with it now. */
  | { readonly kind: 'notNow'; readonly record: AccountRecord; readonly decision: Decision }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly reason: string }
  /** There is no such entry any more, or it is another program's business. */
  | { readonly kind: 'gone' };

/** What the claim meets on its way. */
export type OnConflict = (record: AccountRecord, reason: string) => void;

/**
 * Takes an account by compare-and-swap, or finds that there is nothing to take. The record that was seen is only a hint:
 * whenever the directory disagrees, the entry is read again and decided about anew. Waits while the directory is away.
 * Rejects with what the directory refuses for good, and when the service stops.
 */
export async function claimAccount(
  candidate: Candidate,
  dependencies: ClaimDependencies,
  onConflict: OnConflict,
): Promise<ClaimResult> {
  const claiming = new Claiming(candidate, dependencies, onConflict);
  for (;;) {
    try {
      const result = await claiming.step();
      if (result !== 'again') return result;
    } catch (error) {
      await claiming.failed(error);
    }
  }
}

/** What is to be sent: a claim of a request, or a resume of work that was found. */
interface Attempted {
  readonly how: 'claim' | 'resume' | 'takeOver';
  readonly mode: Mode;
  readonly seen: AccountRecord;
  readonly fence: Fence;
}

/**
 * unread -> read -> sent -> claimed
 *   read -> (nothing to take)                    decided so
 *   read -> undone -> unread                     a claim happened that should not have
 *   sent -> unread                               refused, without an answer, or changed by somebody right after it
 */
class Claiming {
  readonly #candidate: Candidate;
  readonly #dependencies: ClaimDependencies;
  readonly #onConflict: OnConflict;
  /** What is known for sure to be the present entry; undefined: read first. */
  #seen: AccountRecord | undefined;
  #withReturnValue = true;
  /** A claim was sent, and no answer came, or none that shows the entry: it may have happened, or may happen yet. */
  #unanswered = false;
  /** A claim is under way, or the entry as it left it is being read. */
  #sending = false;
  /** The fences by token that were sent, or stand: by them an own claim is known, and the day that stood before. */
  readonly #tokens = new Map<string, Fence & { readonly by: 'token' }>();
  /** The fence of a claim that happened and must be taken back. */
  #undo: Fence | undefined;
  #failures = 0;
  #conflicts = 0;

  constructor(candidate: Candidate, dependencies: ClaimDependencies, onConflict: OnConflict) {
    this.#candidate = candidate;
    this.#dependencies = dependencies;
    this.#onConflict = onConflict;
    this.#seen = candidate.fresh ? candidate.record : undefined;
    if (candidate.own?.kind === 'retry') this.#noteToken(candidate.own.fence);
  }

  /** One round: reads where that is needed, decides, and sends what is to be sent. */
  async step(): Promise<ClaimResult | 'again'> {
    if (this.#seen === undefined) {
      const result = await this.#read();
      if (result !== undefined) return result;
    }
    const seen = this.#seen;
    if (seen === undefined) return 'again';
    const decision = this.#decide(seen);
    if (this.#mustUndo(seen)) return this.#takeBack(seen);
    // Renamed or created anew: its turn is another one, so that neither the uid nor the entry is worked on twice at once.
    if (!sameTurn(seen, this.#candidate)) return { kind: 'notNow', record: seen, decision };
    const attempted = this.#attempt(seen, decision);
    if (attempted === undefined) return { kind: 'notNow', record: seen, decision };
    const reason = await this.#dependencies.objection(seen);
    return reason === undefined ? this.#send(attempted) : { kind: 'unworkable', dn: seen.dn, reason };
  }

  /** What follows from an error of a round: another one, after a while where the directory is away; or it rejects. */
  async failed(error: unknown): Promise<void> {
    const failure = failureKind(error);
    const { seen, sending } = { seen: this.#seen, sending: this.#sending };
    // Whatever happened, what was known is known no longer.
    this.#seen = undefined;
    this.#sending = false;
    if (failure === 'mismatch' || failure === 'gone') {
      // Beside other services it is no longer certain that what stands is this one's own claim.
      if (!this.#dependencies.alone) this.#undo = undefined;
      this.#conflicts += 1;
      if (this.#conflicts > MOST_CONFLICTS) throw error;
      if (seen !== undefined && failure === 'mismatch') this.#onConflict(seen, Conflict.changedBefore);
    } else if (failure === 'away') {
      this.#unanswered ||= sending;
      this.#failures += 1;
      await this.#dependencies.patience(this.#failures, error);
    } else if (failure === 'unfit' && this.#withReturnValue) {
      this.#withReturnValue = false;
    } else {
      throw error;
    }
  }

  async #read(): Promise<ClaimResult | undefined> {
    const { directory, readEntry } = this.#dependencies;
    const entry = await readAgain(this.#candidate.record, directory);
    if (entry === undefined) return { kind: 'gone' };
    const reading = readEntry(entry);
    if (reading.kind === 'foreign') return { kind: 'gone' };
    if (reading.kind === 'unworkable') return { kind: 'unworkable', dn: entry.dn, reason: reading.reason };
    this.#seen = reading.record;
    return undefined;
  }

  #decide(seen: AccountRecord): Decision {
    const { decideNow, learnt } = this.#dependencies;
    if (isInWork(seen) && this.#isOthers(seen)) learnt(seen);
    return decideNow(seen);
  }

  /** Whether somebody else put the account in work. A service alone knows that only of one that was not so when it was seen. */
  #isOthers(seen: AccountRecord): boolean {
    const { alone, isOwn } = this.#dependencies;
    const { own, record } = this.#candidate;
    if (this.#undo !== undefined || isOwn(seen) || this.#tokens.has(seen.date?.value ?? '')) return false;
    return !alone || !(own !== undefined || isInWork(record) || this.#unanswered);
  }

  /** A claim that happened is undone where the account must not be worked on, or is not the one that was meant. */
  #mustUndo(seen: AccountRecord): boolean {
    if (!isInWork(seen)) this.#undo = undefined;
    if (this.#undo !== undefined) return true;
    if (!isInWork(seen)) return false;
    const mode = readMode(seen.mode)?.mode;
    const isRevived = mode !== undefined && revived(seen, mode);
    return this.#mayBeLate(seen) && this.#dependencies.alone && isRevived && sameTurn(seen, this.#candidate);
  }

  /** Whether what stands may be a claim of this service's that was carried out after its answer was given up. */
  #mayBeLate(seen: AccountRecord): boolean {
    return this.#unanswered || (this.#candidate.own === undefined && this.#dependencies.isOwn(seen));
  }

  async #takeBack(seen: AccountRecord): Promise<'again'> {
    const { directory, names, fencing, alone } = this.#dependencies;
    const mode = readMode(seen.mode)?.mode ?? 'add';
    const standing = standingFence(seen, fencing());
    const fence = this.#undo === undefined || (alone && standing.by === 'version') ? standing : this.#undo;
    await directory.modify(seen.dn, askAgain(seen, mode, names, fence), { fence });
    this.#undo = undefined;
    this.#unanswered = false;
    this.#seen = undefined;
    return 'again';
  }

  #attempt(seen: AccountRecord, decision: Decision): Attempted | undefined {
    const { own, record } = this.#candidate;
    const isOurs = own?.kind === 'retry' ? isLeftAlone(record, seen) : this.#dependencies.isOwn(seen);
    const how = decision.kind === 'wait' && isInWork(seen) && isOurs ? 'resume' : decision.kind;
    if (how !== 'claim' && how !== 'resume' && how !== 'takeOver') return undefined;
    const { mode } = decision as Decision & { readonly mode: Mode };
    return { how, mode, seen, fence: this.#fence(seen) };
  }

  #fence(seen: AccountRecord): Fence {
    const { fencing, newToken } = this.#dependencies;
    let token = newToken();
    while (token === seen.date?.value.trim()) token = newToken();
    const fence = claimFence(seen, fencing(), token);
    const standing = this.#tokens.get(seen.date?.value.trim() ?? '');
    return fence.by === 'token' && standing !== undefined ? { ...fence, restored: standing.restored } : fence;
  }

  #noteToken(fence: Fence): void {
    if (fence.by === 'token') this.#tokens.set(fence.token, fence);
  }

  async #send(attempted: Attempted): Promise<ClaimResult | 'again'> {
    const { directory, names, readEntry, claiming } = this.#dependencies;
    const { how, mode, seen, fence } = attempted;
    const exclusive = { exclusive: !this.#dependencies.alone };
    const claims = how === 'claim';
    claiming(claims ? claimed(seen, mode, fence) : resumed(seen, fence, exclusive), fence);
    this.#noteToken(fence);
    this.#sending = true;
    const told = await directory.modify(
      seen.dn,
      claims ? claim(seen, mode, names, this.#withReturnValue, fence) : resume(seen, names, fence, exclusive),
      { postRead: 'entry', fence },
    );
    const after = told ?? (await directory.read(seen.dn));
    this.#sending = false;
    if (after === undefined) return { kind: 'gone' };
    const reading = readEntry(after);
    if (reading.kind === 'foreign') return { kind: 'gone' };
    if (reading.kind === 'unworkable') return { kind: 'unworkable', dn: after.dn, reason: reading.reason };
    // What was changed is the entry under the DN that was asked for, however the answer spells it.
    return this.#judge(attempted, { ...reading.record, dn: seen.dn }, after, told !== undefined);
  }

  /** Whether the account is this service's own now, or was changed, or proved to be another one. */
  #judge(
    { how, mode, seen, fence }: Attempted,
    record: AccountRecord,
    entry: DirectoryEntry,
    isAnswer: boolean,
  ): ClaimResult | 'again' {
    const reading = readMode(record.mode);
    const isTokenThere = isAnswer || fence.by !== 'token' || record.date?.value.trim() === fence.token;
    const ours = isInWork(record) && reading?.mode === mode && isTokenThere;
    const mistaken = !sameTurn(record, this.#candidate);
    const named = outcomeFence(fence, record);
    // A request that was written over another service's claim looks like the one before it, save where a version tells.
    const isForestalled = how === 'claim' && fence.by === 'token' && this.#dependencies.isOthersAtWork(seen);
    if (ours && !mistaken && !isForestalled && (how !== 'claim' || !revived(record, mode))) {
      return { kind: 'claimed', how, mode, record, entry, fence: named };
    }
    // An entry that was read later may have been created later, and be somebody else's.
    this.#undo = ours && !(mistaken && !isAnswer) ? named : undefined;
    this.#conflicts += 1;
    if (this.#conflicts > MOST_CONFLICTS) {
      throw new DirectoryError(Conflict.neverKept, {
        resultCode: ResultCode.noSuchAttribute,
        remedy: Conflict.findTheWriter,
      });
    }
    this.#onConflict(
      record,
      !ours
        ? Conflict.changedAfter
        : mistaken
          ? Conflict.anotherEntry
          : isForestalled
            ? Conflict.atWork
            : Conflict.becameActive,
    );
    this.#seen = ours ? record : undefined;
    return 'again';
  }
}
