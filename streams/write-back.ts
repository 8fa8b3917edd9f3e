import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { type FailureKind, failureKind } from '../src/domain/directory-error.ts';
import { isSameDn } from '../src/domain/dn.ts';
import { type DirectoryEntry, sameAttributes } from '../src/domain/entry.ts';
import { type Fence, isTokenDay, outcomeFence } from '../src/domain/fence.ts';
import type { HandlerOutcome } from '../src/domain/job.ts';
import { readMode, WORDS } from '../src/domain/mode.ts';
import { failedAs, failure, type Modification, type OptionalAttributes, success } from '../src/domain/transition.ts';
import type { ClaimedJob } from './candidate.ts';
import { readAgain } from './read-again.ts';

export interface WriteBackDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  /** Reads how an account stands, whatever has become of its user and home: its outcome is written all the same. */
  readonly readStanding: ReadEntry;
  readonly patience: Patience;
  /** No other service works on these accounts: what stands in work is this one's. */
  readonly alone: boolean;
  /** The state to write for a success that is finished now, `YYYYMMDDThhmmssZ`. */
  readonly stateNow: () => string;
  /** Told how the account will stand if a write of a failure succeeds: its echo may come before the answer. */
  readonly writing: (record: AccountRecord) => void;
  /** Whether a newer request has come into sight since the claim. */
  readonly wasAskedAgain: () => boolean;
  /** Whether another service may have taken the account over by now, by the rules that all of them keep. */
  readonly mayBeTakenOver: () => boolean;
}

export type WriteBackResult =
  /**
   * `record` is how the account stands now; `noted`: it tells the return value, where the site has an attribute for it; `made`: the
   * entryCSN of this write, where the server tells.
   */
  | {
      readonly kind: 'written';
      readonly state: string;
      readonly record: AccountRecord;
      readonly noted: boolean;
      readonly made: string | undefined;
    }
  /** A newer request was written while the handler ran, or the entry is gone: nothing was overwritten. */
  | { readonly kind: 'superseded'; readonly reason: string; readonly record: AccountRecord | undefined };

/** An entry as it was last known to be this service's own, and what the outcome names of it. */
interface Standing {
  readonly record: AccountRecord;
  /** Undefined where the entry cannot be read as an account. */
  readonly entry: DirectoryEntry | undefined;
}

/**
 * Writes the outcome of a handler by compare-and-swap, and by the fence of its claim. Waits while the directory is away, and never
 * overwrites what was written since the claim. Rejects with what the directory refuses for good, and when the service stops.
 */
export async function writeBack(
  job: ClaimedJob,
  outcome: HandlerOutcome,
  dependencies: WriteBackDependencies,
): Promise<WriteBackResult> {
  const writing = new Writing(job, outcome, dependencies);
  for (;;) {
    try {
      return await writing.send();
    } catch (error) {
      const result = await writing.failed(error);
      if (result !== 'again') return result;
    }
  }
}

/**
 * claimed -> sent -> written
 *   sent -> read -> sent         no answer, or only foreign attributes were changed: the account is still this service's own
 *   sent -> read -> written      no answer, but it was written
 *   sent -> read -> superseded   somebody asked anew, took the account over, or removed it
 */
class Writing {
  readonly #job: ClaimedJob;
  readonly #outcome: HandlerOutcome;
  readonly #dependencies: WriteBackDependencies;
  readonly #state: string;
  #known: Standing;
  #fence: Fence;
  #optional: OptionalAttributes;
  #withDate = true;
  /** A write had no answer: it may have happened. */
  #unanswered = false;
  #failures = 0;

  constructor(job: ClaimedJob, outcome: HandlerOutcome, dependencies: WriteBackDependencies) {
    this.#job = job;
    this.#outcome = outcome;
    this.#dependencies = dependencies;
    this.#state = outcome.ok ? dependencies.stateNow() : '0';
    this.#known = { record: job.record, entry: job.entry };
    this.#fence = job.fence;
    this.#optional = dependencies.names.executionTime === null ? 'returnValue' : 'all';
  }

  async send(): Promise<WriteBackResult> {
    const { directory, writing } = this.#dependencies;
    const { after, list } = this.#write();
    if (!this.#outcome.ok) writing(after);
    const fence = this.#fence;
    const told = await directory.modify(this.#known.record.dn, list, {
      fence,
      ...(fence.by === 'version' ? { postRead: 'version' } : {}),
    });
    const made = told?.values('entryCSN')[0]?.toString('utf8');
    return this.#written(after, this.#optional !== 'none', made);
  }

  /** What follows from an error: another try, the result that the entry shows, or it rejects. */
  async failed(error: unknown): Promise<WriteBackResult | 'again'> {
    const kind = failureKind(error);
    if (this.#optional !== 'none' && (kind === 'unfit' || (kind === 'refused' && this.#isSpared(this.#optional)))) {
      this.#optional = this.#optional === 'all' ? 'returnValue' : 'none';
      return 'again';
    }
    if (kind === 'away') {
      this.#unanswered = true;
      this.#failures += 1;
      await this.#dependencies.patience(this.#failures, error);
    }
    // It may have been written all the same; or the entry is not where it was thought to be.
    const standing = await standingOf(this.#known.record, this.#dependencies);
    if (standing === undefined) return { kind: 'superseded', reason: 'the entry is gone', record: undefined };
    const verdict = this.#judge(standing.record);
    if (verdict !== 'again') return verdict;
    if (!this.#isStillOwn(standing)) return overtaken(standing.record);
    if (kind !== 'away' && !this.#explains(standing.record, kind)) throw error; // it would be refused again
    this.#adopt(standing);
    return 'again';
  }

  #write(): { list: Modification[]; after: AccountRecord } {
    const { names } = this.#dependencies;
    const { record } = this.#known;
    const options = { timings: this.#outcome.timings, optional: this.#optional, fence: this.#fence };
    if (this.#outcome.ok) {
      const { mode } = this.#job;
      const list = success(record, mode, names, this.#state, { ...options, withDate: this.#withDate });
      return { list, after: { ...record, mode: WORDS[mode].finished, state: this.#state } };
    }
    const { returnValue } = this.#outcome;
    const noted = this.#optional !== 'none' && names.returnValue !== null;
    const after = failedAs(record, returnValue, this.#fence, noted);
    return { list: failure(record, names, returnValue, options), after };
  }

  #written(record: AccountRecord, noted: boolean, made: string | undefined): WriteBackResult {
    const version = made === undefined ? {} : { entryCSN: made };
    return { kind: 'written', state: this.#state, record: { ...record, ...version }, noted, made };
  }

  /** Whether the outcome is better written without it than not at all. Without its return value a failure would be none. */
  #isSpared(which: OptionalAttributes): boolean {
    return this.#outcome.ok || which === 'all';
  }

  /** What an entry that did not take the write-back says about it. */
  #judge(standing: AccountRecord): WriteBackResult | 'again' {
    const outcome = this.#outcome;
    const { mode } = this.#job;
    if (standing.entryUUID !== this.#known.record.entryUUID) {
      return { kind: 'superseded', reason: 'the entry was deleted and created again', record: standing };
    }
    const reading = readMode(standing.mode);
    // A write before this one had no answer, but it did happen. One that was refused did not, whatever the entry says.
    const isFinished = reading?.phase === 'finished' && reading.mode === mode && standing.state === this.#state;
    if (outcome.ok && isFinished && this.#unanswered) {
      return this.#written(standing, true, standing.entryCSN);
    }
    if (reading?.phase === 'inWork' && reading.mode === mode && standing.state.trim() === '0') {
      const noted = !outcome.ok && standing.returnValue === String(outcome.returnValue);
      if (noted && this.#unanswered) return this.#written(standing, true, standing.entryCSN);
      return this.#isWrittenWithoutNote(standing)
        ? this.#written(standing, this.#optional !== 'none', standing.entryCSN)
        : 'again';
    }
    const now =
      reading === undefined ? standing.mode : `${WORDS[reading.mode][reading.phase]}, state ${standing.state}`;
    return { kind: 'superseded', reason: `the account now says ${now}`, record: standing };
  }

  /**
   * Whether a failure that leaves no return value was written by the write that had no answer: all that it changes is the fence. A
   * service that is not alone cannot tell it from another one's claim.
   */
  #isWrittenWithoutNote({ date, entryCSN }: AccountRecord): boolean {
    const isSilent = !this.#outcome.ok && (this.#optional === 'none' || this.#dependencies.names.returnValue === null);
    if (!isSilent || !this.#unanswered || !this.#dependencies.alone) return false;
    const fence = this.#fence;
    if (fence.by === 'token') return date?.value.trim() === fence.restored.trim();
    return fence.by === 'version' && entryCSN !== fence.entryCSN;
  }

  /**
   * Whether an account that is in work is still so by this service's own claim. A token says it. Of versions only the newest shows: if
   * it is another one, nobody may have taken the account over meanwhile, by the rules that services keep; and what was written under
   * this service's own name must show, as otherwise it is the claim of another instance.
   */
  #isStillOwn({ record, entry }: Standing): boolean {
    const fence = this.#fence;
    if (fence.by === 'token') return record.date?.value.trim() === fence.token;
    if (fence.by === 'nothing' || record.entryCSN === undefined) {
      return this.#dependencies.alone || isUntouched(record, this.#known.record);
    }
    if (record.entryCSN === fence.entryCSN) return true;
    const known = this.#known;
    const isRedated = record.date?.value !== known.record.date?.value;
    // A token that stood there before is none, but a day that somebody asked for.
    const isTokenNew = isRedated && isTokenDay(record.date?.value ?? '');
    if (record.returnValue !== known.record.returnValue || isTokenNew) return false;
    if (this.#dependencies.wasAskedAgain()) return false;
    // Beside others a new day may be that of a newer request, which another service has claimed.
    if (!this.#dependencies.alone && (isRedated || this.#dependencies.mayBeTakenOver())) return false;
    if (!isSameWriter(record, this.#job.record) || !isSameDn(record.dn, known.record.dn)) return true;
    return entry !== undefined && known.entry !== undefined && !sameAttributes(entry, known.entry);
  }

  /** Whether a write that was refused may succeed on the entry as it stands now. */
  #explains(standing: AccountRecord, kind: FailureKind): boolean {
    const known = this.#known.record;
    if (!isSameDn(standing.dn, known.dn)) return true;
    if (kind !== 'mismatch') return false;
    const isOtherVersion = this.#fence.by === 'version' && standing.entryCSN !== this.#fence.entryCSN;
    return isOtherVersion || standing.mode !== known.mode || standing.state !== known.state;
  }

  /** The entry as it stands is this service's own: what the outcome names is looked for where it is now. */
  #adopt({ record, entry }: Standing): void {
    this.#withDate &&= record.date?.value === this.#known.record.date?.value;
    this.#known = { record, entry };
    this.#fence = outcomeFence(this.#fence, record);
  }
}

/** Whether nobody has written to the account since it was last known. */
function isUntouched(standing: AccountRecord, known: AccountRecord): boolean {
  return standing.modifiedAt === known.modifiedAt && standing.date?.value === known.date?.value;
}

function isSameWriter({ modifiedBy: one }: AccountRecord, { modifiedBy: other }: AccountRecord): boolean {
  return one === undefined || other === undefined ? one === other : isSameDn(one, other);
}

function overtaken(standing: AccountRecord): WriteBackResult {
  return { kind: 'superseded', reason: 'somebody wrote to the account since the claim', record: standing };
}

/** How the account stands in the directory, as long as that takes to find out; undefined where it is gone. */
async function standingOf(
  record: AccountRecord,
  { directory, readStanding, patience }: WriteBackDependencies,
): Promise<Standing | undefined> {
  for (let failures = 1; ; failures++) {
    try {
      const entry = await readAgain(record, directory);
      if (entry === undefined) return undefined;
      const reading = readStanding(entry);
      if (reading.kind === 'account') return { record: reading.record, entry };
      return { record: { ...record, dn: entry.dn, mode: reading.reason, state: '' }, entry: undefined };
    } catch (error) {
      if (failureKind(error) !== 'away') throw error;
      await patience(failures, error);
    }
  }
}
