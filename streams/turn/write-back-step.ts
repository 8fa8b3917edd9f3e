import type { AccountRecord } from '../../src/domain/account.ts';
import { defined } from '../../src/domain/defined.ts';
import { type DirectoryError, failureKind } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { outcomeFence } from '../../src/domain/fence.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { readMode, WORDS } from '../../src/domain/mode.ts';
import { failedAs, failure, type Modification, type OptionalAttributes, success } from '../../src/domain/transition.ts';
import type { EndedWork } from '../candidate.ts';
import { answerTo, type Failed } from './machine.ts';
import { howWritten, isStillOwn, mayBeTakenNow, stillStandsInWork } from './write-back-evidence.ts';
import type {
  Because,
  Standing,
  WriteBackInput,
  WriteBackMemory,
  WriteBackNext,
  WriteBackResult,
  WriteBackRules,
  WriteBackState,
} from './write-back-state.ts';

/**
 * The first step. `now`: the value of the state attribute for a success that ends now,
 * `YYYYMMDDThhmmssZ`.
 */
export function beginWriteBack(work: EndedWork, now: string, rules: WriteBackRules): WriteBackNext {
  const { job, outcome } = work;
  const memory: WriteBackMemory = {
    ...work,
    stateValue: outcome.ok ? now : '0',
    known: { record: job.record, entry: job.entry },
    fence: job.fence,
    optional: rules.names.executionTime === null ? 'returnValue' : 'all',
    withDate: true,
    unansweredWrites: 0,
  };
  return send(memory, rules);
}

/** Returns what follows from the answer to the effect of the state. Pure. */
export function stepWriteBack(
  state: WriteBackState,
  input: WriteBackInput | Failed,
  rules: WriteBackRules,
): WriteBackNext {
  const { memory } = state;
  switch (state.at) {
    case 'sending':
      return input.got === 'error'
        ? notWritten(memory, input.error, rules)
        : written(memory, state.after, memory.optional !== 'none', answerTo(input, 'written').made);
    case 'pausing':
      answerTo(input, 'time');
      return find(memory, state.because, state.failures);
    case 'reading':
      return input.got === 'error' ? notRead(state, input.error) : found(state, answerTo(input, 'standing'), rules);
  }
}

const end = (result: WriteBackResult): WriteBackNext => ({ notes: [], result });

function send(memory: WriteBackMemory, rules: WriteBackRules): WriteBackNext {
  const { known, fence } = memory;
  const { list, after } = writeOf(memory, rules);
  return {
    notes: [{ note: 'writing', record: after }],
    state: { at: 'sending', memory, after },
    effect: { do: 'modify', dn: known.record.dn, list, fence },
  };
}

/** Returns what is written, and the account as it will be after it. */
function writeOf(
  { job, outcome, stateValue, known, fence, optional, withDate }: WriteBackMemory,
  { names }: WriteBackRules,
): { readonly list: Modification[]; readonly after: AccountRecord } {
  const { record } = known;
  const options = { timings: outcome.timings, optional, fence };
  if (outcome.ok) {
    const list = success(record, job.mode, names, stateValue, { ...options, withDate });
    return { list, after: { ...record, mode: WORDS[job.mode].finished, state: stateValue } };
  }
  const { returnValue } = outcome;
  const returnValueWritten = optional !== 'none' && names.returnValue !== null;
  return {
    list: failure(record, names, returnValue, options),
    after: failedAs(record, returnValue, fence, returnValueWritten),
  };
}

function find(memory: WriteBackMemory, because: Because, failures: number): WriteBackNext {
  const state = { at: 'reading', memory, because, failures } as const;
  return { notes: [], state, effect: { do: 'find', record: memory.known.record } };
}

function written(
  { stateValue: state }: WriteBackMemory,
  record: AccountRecord,
  returnValueWritten: boolean,
  made: string | undefined,
): WriteBackNext {
  return end({
    kind: 'written',
    state,
    record: { ...record, ...defined({ entryCSN: made }) },
    returnValueWritten,
    made,
  });
}

function notWritten(memory: WriteBackMemory, error: DirectoryError, rules: WriteBackRules): WriteBackNext {
  const { optional } = memory;
  const kind = failureKind(error);
  if (optional !== 'none' && (kind === 'unfit' || (kind === 'refused' && isSpared(memory.outcome, optional)))) {
    return send({ ...memory, optional: optional === 'all' ? 'returnValue' : 'none' }, rules);
  }
  if (kind !== 'away') return find(memory, { kind, error }, 0);
  const unansweredWrites = memory.unansweredWrites + 1;
  return {
    notes: [],
    state: { at: 'pausing', memory: { ...memory, unansweredWrites }, because: { kind, error }, failures: 0 },
    effect: { do: 'pause', failures: unansweredWrites, error },
  };
}

/**
 * Whether to write the outcome without the next optional attribute, for which a right may be
 * missing. A failure keeps its return value: without it, the account would not look failed.
 */
function isSpared(outcome: HandlerOutcome, which: OptionalAttributes): boolean {
  return outcome.ok || which === 'all';
}

function notRead(state: Extract<WriteBackState, { at: 'reading' }>, error: DirectoryError): WriteBackNext {
  if (failureKind(error) !== 'away') return end({ kind: 'refused', error });
  const failures = state.failures + 1;
  return { notes: [], state: { ...state, at: 'pausing', failures }, effect: { do: 'pause', failures, error } };
}

/**
 * Returns what follows from the entry that was read. The write may have been carried out
 * nevertheless, the entry may have changed, or it may have another DN.
 */
function found(
  state: Extract<WriteBackState, { at: 'reading' }>,
  input: Extract<WriteBackInput, { got: 'standing' }>,
  rules: WriteBackRules,
): WriteBackNext {
  const { because, memory } = state;
  const { known, fence } = memory;
  if (input.entry === undefined) return superseded('the entry is gone', undefined);
  const standing = standingOf(input.entry, known.record, rules);
  const { record } = standing;
  const verdict = judge(memory, record, input.mayBeTakenOver, rules);
  if (verdict !== undefined) return verdict;
  if (!isStillOwn(memory, standing, input)) return superseded('somebody wrote to the account since the claim', record);
  // The directory would refuse it again.
  if (because.kind !== 'away' && !mayBeTakenNow(memory, because, record))
    return end({ kind: 'refused', error: because.error });
  const withDate = memory.withDate && record.date?.value === known.record.date?.value;
  return send({ ...memory, withDate, known: standing, fence: outcomeFence(fence, record) }, rules);
}

function superseded(reason: string, record: AccountRecord | undefined): WriteBackNext {
  return end({ kind: 'superseded', reason, record });
}

function standingOf(entry: DirectoryEntry, known: AccountRecord, { readStanding }: WriteBackRules): Standing {
  const reading = readStanding(entry);
  if (reading.kind === 'account') return { record: reading.record, entry };
  return { record: { ...known, dn: entry.dn, mode: reading.reason, state: '' }, entry: undefined };
}

/**
 * Returns the end of the write-back if the entry shows one; undefined if the account is still as it
 * was claimed.
 */
function judge(
  memory: WriteBackMemory,
  standing: AccountRecord,
  mayBeTakenOver: boolean,
  rules: WriteBackRules,
): WriteBackNext | undefined {
  const { known, job, unansweredWrites, optional } = memory;
  if (standing.entryUUID !== known.record.entryUUID) {
    return superseded('the entry was deleted and created again', standing);
  }
  // Only a write without an answer may have been carried out. A refused write was not, even if the
  // entry has the same values.
  const how = unansweredWrites > 0 ? howWritten(memory, standing, mayBeTakenOver, rules) : undefined;
  if (how !== undefined)
    return written(memory, standing, how === 'withReturnValue' || optional !== 'none', standing.entryCSN);
  const reading = readMode(standing.mode);
  if (reading?.mode === job.mode && stillStandsInWork(standing)) return undefined;
  const now = reading === undefined ? standing.mode : `${WORDS[reading.mode][reading.phase]}, state ${standing.state}`;
  return superseded(`the account now says ${now}`, standing);
}
