import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { failureKind } from '../src/domain/directory-error.ts';
import type { HandlerOutcome, Job } from '../src/domain/job.ts';
import { readMode, WORDS } from '../src/domain/mode.ts';
import { failure, type Modification, success } from '../src/domain/transition.ts';
import { readAgain } from './claim.ts';

export interface WriteBackDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  readonly patience: Patience;
  /** The state to write for a success that is finished now, `YYYYMMDDThhmmssZ`. */
  readonly stateNow: () => string;
}

export type WriteBackResult =
  | { readonly kind: 'written'; readonly state: string; readonly record: AccountRecord }
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
  let withOptional = true;
  let withDate = true;

  for (let failures = 0; ; ) {
    try {
      await directory.modify(record.dn, modifications(), false);
      return { kind: 'written', state, record };
    } catch (error) {
      const kind = failureKind(error);
      if (kind === 'away') {
        failures += 1;
        await dependencies.patience(failures, error);
        continue;
      }
      if (kind === 'unfit' && withOptional) {
        withOptional = false;
        continue;
      }
      const standing = await standingOf(record, dependencies);
      const verdict = judge(standing);
      if (verdict !== 'again') return verdict;
      // Nothing explains the refusal: it would be refused again.
      if (kind !== 'mismatch' && standing?.dn === record.dn) throw error;
      withDate = standing?.date?.value === record.date?.value;
      record = standing ?? record;
    }
  }

  function modifications(): Modification[] {
    const options = { timings: outcome.timings, withOptional, withDate };
    return outcome.ok
      ? success(record, job.mode, names, state, options)
      : failure(record, names, outcome.returnValue, options);
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
      return { kind: 'written', state, record: standing };
    }
    if (reading?.phase === 'inWork' && reading.mode === job.mode && standing.state.trim() === '0') return 'again';
    const now =
      reading === undefined ? standing.mode : `${WORDS[reading.mode][reading.phase]}, state ${standing.state}`;
    return { kind: 'superseded', reason: `the account now says ${now}`, record: standing };
  }
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
