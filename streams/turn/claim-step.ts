import type { AccountRecord } from '../../src/domain/account.ts';
import { isInWork, preconditionHolds } from '../../src/domain/decide.ts';
import { defined } from '../../src/domain/defined.ts';
import { DirectoryError, failureKind, ResultCode } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { outcomeFence, standingFence } from '../../src/domain/fence.ts';
import { modeOf, readMode } from '../../src/domain/mode.ts';
import { claim, claimed, resume, resumed, undoClaim } from '../../src/domain/transition.ts';
import { type Candidate, sameTurn } from '../candidate.ts';
import { attemptedOn } from './attempted.ts';
import { end, find, judge, lease, pause } from './claim-moves.ts';
import type {
  Attempted,
  ClaimInput,
  ClaimMemory,
  ClaimNext,
  ClaimNote,
  ClaimResult,
  ClaimRules,
  ClaimState,
  Judgement,
  LeaseAnswer,
} from './claim-state.ts';
import { Conflict, MOST_CONFLICTS } from './conflicts.ts';
import { answerTo, type Failed } from './machine.ts';

/** The first step. An account that was seen some time ago is read first. */
export function beginClaim(candidate: Candidate): ClaimNext {
  const { ownWork, fresh, record } = candidate;
  const memory: ClaimMemory = {
    candidate,
    withReturnValue: true,
    attempt: 1,
    unanswered: false,
    tokens: ownWork?.kind === 'retry' && ownWork.fence.by === 'token' ? [ownWork.fence] : [],
    undo: undefined,
    failures: 0,
    conflicts: 0,
  };
  return fresh ? judge(memory, record) : find(memory);
}

/** Returns what follows from the answer to the effect of the state. Pure. */
export function stepClaim(state: ClaimState, input: ClaimInput | Failed, rules: ClaimRules): ClaimNext {
  switch (state.at) {
    case 'judging':
      return judged(state, answerTo(input, 'judgement'), rules);
    case 'pausing':
      answerTo(input, 'time');
      return find(state.memory);
    case 'asking':
      return asked(state, answerTo(input, 'objection').reason, rules);
    default:
      return input.got === 'error' ? failed(state, input.error) : answered(state, input, rules);
  }
}

/** Handles an answer of the directory that is no error. */
function answered(state: AtDirectory, input: ClaimInput, rules: ClaimRules): ClaimNext {
  switch (state.at) {
    case 'reading':
      return found(state.memory, answerTo(input, 'entry').entry, rules);
    case 'leasing':
      return leased(state, answerTo(input, 'lease'), rules);
    case 'sending':
      return sent(state, answerTo(input, 'entry'), rules);
    case 'verifying':
      return verified(state, answerTo(input, 'entry'), false, rules);
    case 'undoing':
      answerTo(input, 'entry');
      return find({ ...state.memory, undo: undefined, unanswered: false });
  }
}

/** The states whose effect asks the directory. */
type AtDirectory = Extract<ClaimState, { readonly at: 'reading' | 'leasing' | 'sending' | 'verifying' | 'undoing' }>;

function found(memory: ClaimMemory, entry: DirectoryEntry | undefined, rules: ClaimRules): ClaimNext {
  const reading = readingOf(entry, rules);
  return reading.kind === 'account' ? judge(memory, reading.record) : end(reading);
}

/** An entry that is no account ends the claim. */
function readingOf(
  entry: DirectoryEntry | undefined,
  { readEntry }: ClaimRules,
):
  | Extract<ClaimResult, { kind: 'gone' | 'unworkable' }>
  | { kind: 'account'; record: AccountRecord; entry: DirectoryEntry } {
  if (entry === undefined) return { kind: 'gone' };
  const reading = readEntry(entry);
  if (reading.kind === 'account') return { ...reading, entry };
  return reading.kind === 'foreign' ? { kind: 'gone' } : { kind: 'unworkable', dn: entry.dn, reason: reading.reason };
}

function judged(state: Extract<ClaimState, { at: 'judging' }>, judgement: Judgement, rules: ClaimRules): ClaimNext {
  const { seen } = state;
  const { decision } = judgement;
  const undo = isInWork(seen) ? state.memory.undo : undefined;
  const memory = { ...state.memory, undo };
  if (undo !== undefined || isRevivedClaim(memory, seen, judgement))
    return judgement.leased ? takeBack(memory, seen, judgement, rules) : lease(memory, seen, undefined);
  const attempted = attemptedOn(memory, seen, judgement);
  // An account that was renamed or created again has another turn. So neither the uid nor the entry
  // is in work twice at the same time.
  if (!sameTurn(seen, memory.candidate) || attempted === undefined)
    return end({ kind: 'notNow', record: seen, decision });
  return { notes: [], state: { at: 'asking', memory, attempted }, effect: { do: 'ask', record: seen } };
}

/**
 * Whether the entry may show a late claim of this service whose precondition no longer holds: a
 * delete was claimed, and the account has become active.
 */
function isRevivedClaim(
  { candidate, unanswered }: ClaimMemory,
  seen: AccountRecord,
  { isOwnClaim }: Judgement,
): boolean {
  if (!isInWork(seen) || preconditionHolds(seen, modeOf(seen)) || !sameTurn(seen, candidate)) return false;
  return unanswered || (candidate.ownWork === undefined && isOwnClaim);
}

function takeBack(memory: ClaimMemory, seen: AccountRecord, { fencing }: Judgement, { names }: ClaimRules): ClaimNext {
  const standing = standingFence(seen, fencing);
  const fence = memory.undo === undefined || standing.by === 'version' ? standing : memory.undo;
  const list = undoClaim(seen, modeOf(seen), names, fence);
  return { notes: [], state: { at: 'undoing', memory, seen }, effect: { do: 'modify', dn: seen.dn, list, fence } };
}

function asked(
  state: Extract<ClaimState, { at: 'asking' }>,
  objection: string | undefined,
  rules: ClaimRules,
): ClaimNext {
  const { attempted, memory } = state;
  const { seen } = attempted;
  if (objection !== undefined) return end({ kind: 'unworkable', dn: seen.dn, reason: objection });
  return rules.underLeases ? lease(memory, seen, attempted) : send(memory, attempted, rules);
}

function leased(
  { memory, seen, attempted }: Extract<ClaimState, { at: 'leasing' }>,
  answer: LeaseAnswer,
  rules: ClaimRules,
): ClaimNext {
  switch (answer.is) {
    case 'held': {
      const counted = { ...memory, attempt: answer.attempt };
      return attempted === undefined ? judge(counted, seen) : send(counted, attempted, rules);
    }
    case 'waited':
      return find(memory);
    case 'changed':
      return found(memory, answer.entry, rules);
    case 'overtaken':
      return end({ kind: 'overtaken' });
  }
}

function send(memory: ClaimMemory, attempted: Attempted, { names }: ClaimRules): ClaimNext {
  const { how, mode, seen, fence } = attempted;
  const record = how === 'claim' ? claimed(seen, mode, fence) : resumed(seen, fence);
  const list = how === 'claim' ? claim(seen, mode, names, memory.withReturnValue, fence) : resume(seen, names, fence);
  const tokens = fence.by === 'token' ? [...memory.tokens, fence] : memory.tokens;
  return {
    notes: [{ note: 'claiming', record, fence }],
    state: { at: 'sending', memory: { ...memory, tokens }, attempted },
    effect: { do: 'modify', dn: seen.dn, list, fence },
  };
}

type EntryInput = Extract<ClaimInput, { readonly got: 'entry' }>;

function sent(state: Extract<ClaimState, { at: 'sending' }>, input: EntryInput, rules: ClaimRules): ClaimNext {
  if (input.entry !== undefined) return verified(state, input, true, rules);
  return { notes: [], state: { ...state, at: 'verifying' }, effect: { do: 'read', dn: state.attempted.seen.dn } };
}

/**
 * Returns what follows from the entry after the claim: it is claimed, or was changed, or is another
 * entry.
 */
function verified(
  state: Extract<ClaimState, { at: 'sending' | 'verifying' }>,
  { entry }: EntryInput,
  fromPostRead: boolean,
  rules: ClaimRules,
): ClaimNext {
  const reading = readingOf(entry, rules);
  if (reading.kind !== 'account') return end(reading);
  const { how, mode, seen, fence } = state.attempted;
  // The entry keeps the DN that was requested, because the answer may spell it in another way.
  const record = { ...reading.record, dn: seen.dn };
  const isTokenThere = fromPostRead || fence.by !== 'token' || record.date?.value === fence.token;
  const ours = isInWork(record) && readMode(record.mode)?.mode === mode && isTokenThere;
  const fenceOfOutcome = outcomeFence(fence, record);
  const isAnotherTurn = !sameTurn(record, state.memory.candidate);
  const reason = conflictOf(state.attempted, record, { ours, isAnotherTurn });
  if (reason === undefined)
    return end({
      kind: 'claimed',
      how,
      mode,
      record,
      entry: reading.entry,
      fence: fenceOfOutcome,
      attempt: state.memory.attempt,
      ...defined({ askedBy: how === 'claim' ? seen.modifiedBy : undefined }),
    });
  const conflicts = state.memory.conflicts + 1;
  if (conflicts > MOST_CONFLICTS) return end({ kind: 'refused', error: neverKept() });
  // If the entry was read after the claim, it may be a new one that another service has claimed.
  const undo = ours && !(isAnotherTurn && !fromPostRead) ? fenceOfOutcome : undefined;
  const notes: ClaimNote[] = [{ note: 'conflict', record, reason }];
  const memory = { ...state.memory, undo, conflicts };
  return ours ? judge(memory, record, notes) : find(memory, notes);
}

/** Returns the reason why a claimed account must not be worked on; undefined if there is none. */
function conflictOf(
  { how, mode, seen }: Attempted,
  record: AccountRecord,
  { ours, isAnotherTurn }: { ours: boolean; isAnotherTurn: boolean },
): string | undefined {
  if (!ours) return Conflict.changedAfter;
  if (isAnotherTurn) return Conflict.anotherEntry;
  // The host was asked about the user number as it was seen. With a version as the fence, it cannot
  // have changed since then. With a token, it can.
  if (record.uidNumber !== seen.uidNumber) return Conflict.anotherUser;
  return how === 'claim' && !preconditionHolds(record, mode) ? Conflict.becameActive : undefined;
}

/**
 * Returns what follows from an error: another round at once, another round after a pause if the
 * directory does not answer, or the end.
 */
function failed(state: AtDirectory, error: DirectoryError): ClaimNext {
  // In `verifying` the claim was carried out, and its result is unknown.
  const memory = { ...state.memory, unanswered: state.memory.unanswered || state.at === 'verifying' };
  switch (failureKind(error)) {
    case 'mismatch':
      return forestalled(memory, error, noteOf(state));
    case 'gone':
      return forestalled(memory, error, undefined);
    case 'away':
      return pause({ ...memory, unanswered: memory.unanswered || state.at === 'sending' }, error);
    case 'unfit':
      return state.at === 'sending' && memory.withReturnValue
        ? find({ ...memory, withReturnValue: false })
        : end({ kind: 'refused', error });
    case 'refused':
      return end({ kind: 'refused', error });
  }
}

/**
 * Another write came first, which `note` reports. Starts another round, or ends the claim after too
 * many conflicts.
 */
function forestalled(memory: ClaimMemory, error: DirectoryError, note: ClaimNote | undefined): ClaimNext {
  const conflicts = memory.conflicts + 1;
  if (conflicts > MOST_CONFLICTS) return end({ kind: 'refused', error });
  return find({ ...memory, conflicts }, note === undefined ? [] : [note]);
}

/** The note of a write that was refused because the entry had changed. */
function noteOf(state: AtDirectory): ClaimNote | undefined {
  if (state.at === 'sending' || state.at === 'verifying') {
    return { note: 'conflict', record: state.attempted.seen, reason: Conflict.changedBefore };
  }
  return state.at === 'undoing'
    ? { note: 'conflict', record: state.seen, reason: Conflict.changedBeforeUndo }
    : undefined;
}

function neverKept(): DirectoryError {
  return new DirectoryError(Conflict.neverKept, {
    resultCode: ResultCode.noSuchAttribute,
    remedy: Conflict.findTheWriter,
  });
}
