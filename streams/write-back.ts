import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { type FailureKind, failureKind } from '../src/domain/directory-error.ts';
import type { HandlerOutcome, Job } from '../src/domain/job.ts';
import { readMode, WORDS } from '../src/domain/mode.ts';
import { failure, type Modification, type OptionalAttributes, success } from '../src/domain/transition.ts';
import { readAgain } from './claim.ts';

export interface WriteBackDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  readonly patience: Patience;
  /** No other service works on these accounts: what stands in work is this one's. */
  readonly alone: boolean;
  /** The state to write for a success that is finished now, `YYYYMMDDThhmmssZ`. */
  readonly stateNow: () => string;
  /** Told how the account will stand if a write of a failure succeeds: its echo may come before the answer. */
  readonly writing: (record: AccountRecord) => void;
}

export type WriteBackResult =
  /** `record` is how the account stands now; `noted`: it tells the return value, where the site has an attribute for it. */
  | { readonly kind: 'written'; readonly state: string; readonly record: AccountRecord; readonly noted: boolean }
  /** A newer request was written while the handler ran, or the entry is gone: nothing was overwritten. */
  | { readonly kind: 'superseded'; readonly reason: string; readonly record: AccountRecord | undefined };

/**
 * Writes the outcome of a handler by compare-and-swap. Waits while the directory is away, and never overwrites what was
 * written since the claim. Rejects with what the directory refuses for good, and when the service stops.
 */
export async function writeBack(
  job: Job,
  outcome: HandlerOutcome,
  dependencies: WriteBackDependencies,
): Promise<WriteBackResult> {
  const { directory, names } = dependencies;
  const state = outcome.ok ? dependencies.stateNow() : '0';
  let record = job.record;
  let optional: OptionalAttributes = names.executionTime === null ? 'returnValue' : 'all';
  let withDate = true;

  for (let failures = 0; ; ) {
    try {
      const { after, list } = write();
      if (!outcome.ok) dependencies.writing(after);
      await directory.modify(record.dn, list, false);
      return { kind: 'written', state, record: after, noted: optional !== 'none' };
    } catch (error) {
      const kind = failureKind(error);
      if (optional !== 'none' && (kind === 'unfit' || (kind === 'refused' && isSpared(optional)))) {
        optional = optional === 'all' ? 'returnValue' : 'none';
        continue;
      }
      if (kind === 'away') {
        failures += 1;
        await dependencies.patience(failures, error);
      }
      // It may have been written all the same; or the entry is not where it was thought to be.
      const standing = await standingOf(record, dependencies);
      const verdict = judge(standing);
      if (verdict !== 'again') return verdict;
      if (standing === undefined) throw error;
      if (kind === 'away') {
        // A newer request of the same mode may have been claimed by another service since: that claim looks like this one's
        // own, and the compare-and-swap could not tell them apart.
        if (!dependencies.alone && !isUntouched(standing, record)) return overtaken(standing);
      } else if (!explains(standing, record, kind)) {
        throw error; // nothing explains the refusal: it would be refused again
      }
      withDate &&= standing.date?.value === record.date?.value;
      record = standing;
    }
  }

  /** Whether the outcome is better written without it than not at all. Without its return value a failure would be none. */
  function isSpared(which: OptionalAttributes): boolean {
    return outcome.ok || which === 'all';
  }

  function write(): { list: Modification[]; after: AccountRecord } {
    const options = { timings: outcome.timings, optional, withDate };
    if (outcome.ok) {
      const mode = WORDS[job.mode].finished;
      return { list: success(record, job.mode, names, state, options), after: { ...record, mode, state } };
    }
    const noted = optional !== 'none' && names.returnValue !== null;
    const after = noted ? { ...record, returnValue: String(outcome.returnValue) } : record;
    return { list: failure(record, names, outcome.returnValue, options), after };
  }

  /** What an entry that did not take the write-back says about it. */
  function judge(standing: AccountRecord | undefined): WriteBackResult | 'again' {
    if (standing === undefined) return { kind: 'superseded', reason: 'the entry is gone', record: undefined };
    if (standing.entryUUID !== record.entryUUID) {
      return { kind: 'superseded', reason: 'the entry was deleted and created again', record: standing };
    }
    const reading = readMode(standing.mode);
    // The write before this one had no answer, but it did happen.
    if (outcome.ok && reading?.phase === 'finished' && reading.mode === job.mode && standing.state === state) {
      return { kind: 'written', state, record: standing, noted: true };
    }
    if (reading?.phase === 'inWork' && reading.mode === job.mode && standing.state.trim() === '0') {
      const noted = !outcome.ok && standing.returnValue === String(outcome.returnValue);
      return noted ? { kind: 'written', state, record: standing, noted } : 'again';
    }
    const now =
      reading === undefined ? standing.mode : `${WORDS[reading.mode][reading.phase]}, state ${standing.state}`;
    return { kind: 'superseded', reason: `the account now says ${now}`, record: standing };
  }
}

/** Whether nobody has written to the account since it was last known. */
function isUntouched(standing: AccountRecord, known: AccountRecord): boolean {
  if (standing.entryCSN !== undefined && known.entryCSN !== undefined) return standing.entryCSN === known.entryCSN;
  return standing.modifiedAt === known.modifiedAt;
}

function overtaken(standing: AccountRecord): WriteBackResult {
  return { kind: 'superseded', reason: 'somebody wrote to the account since the claim', record: standing };
}

/** Whether a write that was refused may succeed on the entry as it stands now. */
function explains(standing: AccountRecord, known: AccountRecord, kind: FailureKind): boolean {
  if (standing.dn !== known.dn) return true;
  const same =
    standing.mode === known.mode && standing.state === known.state && standing.date?.value === known.date?.value;
  return kind === 'mismatch' && !same;
}

/** How the account stands in the directory, as long as that takes to find out; undefined where it is gone. */
async function standingOf(
  record: AccountRecord,
  { directory, readEntry, patience }: WriteBackDependencies,
): Promise<AccountRecord | undefined> {
  for (let failures = 1; ; failures++) {
    try {
      const entry = await readAgain(record, directory);
      if (entry === undefined) return undefined;
      const reading = readEntry(entry);
      if (reading.kind === 'account') return reading.record;
      return { ...record, dn: entry.dn, mode: reading.reason, state: '' };
    } catch (error) {
      if (failureKind(error) !== 'away') throw error;
      await patience(failures, error);
    }
  }
}
