import type { AccountRecord } from '../../src/domain/account.ts';
import { isSameDn } from '../../src/domain/dn.ts';
import { sameAttributes } from '../../src/domain/entry.ts';
import { isTokenDay } from '../../src/domain/fence.ts';
import { readMode } from '../../src/domain/mode.ts';
import type { Because, Standing, WriteBackInput, WriteBackMemory, WriteBackRules } from './write-back-state.ts';

/*
 * What an entry that was read shows about an outcome: whether it was written, whether the account
 * is still this service's own, and whether another write may succeed. Nothing here moves the
 * machine.
 */

/**
 * Returns how the entry shows the outcome: `withReturnValue`, or `silently` without it. Undefined
 * if the entry does not show it.
 */
export function howWritten(
  memory: WriteBackMemory,
  standing: AccountRecord,
  mayBeTakenOver: boolean,
  rules: WriteBackRules,
): 'withReturnValue' | 'silently' | undefined {
  const { job, outcome, stateValue } = memory;
  const reading = readMode(standing.mode);
  if (reading?.mode !== job.mode) return undefined;
  if (outcome.ok) return reading.phase === 'finished' && standing.state === stateValue ? 'withReturnValue' : undefined;
  if (!stillStandsInWork(standing)) return undefined;
  if (standing.returnValue === String(outcome.returnValue)) return 'withReturnValue';
  return !mayBeTakenOver && isWrittenSilently(memory, standing, rules) ? 'silently' : undefined;
}

/** Whether the account is in work, failed or not. */
export function stillStandsInWork({ mode, state }: AccountRecord): boolean {
  return readMode(mode)?.phase === 'inWork' && state === '0';
}

/** Whether a failure without a return value was written. It changes only the fence. */
function isWrittenSilently(
  { optional, fence }: WriteBackMemory,
  { date, entryCSN }: AccountRecord,
  { names }: WriteBackRules,
): boolean {
  if (optional !== 'none' && names.returnValue !== null) return false;
  if (fence.by === 'token') return date?.value === fence.restored;
  return fence.by === 'version' && entryCSN !== fence.entryCSN;
}

/**
 * Whether an account in work still has this service's own claim. A token shows that. Of the
 * versions, only the newest is visible. If it is not the one of the claim, another client has
 * written to the entry. Then two conditions must hold: no other service can have had the lease
 * meanwhile, and the writer or the changed attributes show that the write was not a claim of
 * another service.
 */
export function isStillOwn(
  memory: WriteBackMemory,
  standing: Standing,
  seen: Extract<WriteBackInput, { got: 'standing' }>,
): boolean {
  const { known, fence } = memory;
  const { record } = standing;
  if (fence.by === 'token') return record.date?.value === fence.token;
  if (fence.by === 'nothing' || record.entryCSN === undefined)
    return !seen.mayBeTakenOver || isUntouched(record, known.record);
  if (record.entryCSN === fence.entryCSN) return true;
  const isRedated = record.date?.value !== known.record.date?.value;
  // A new token in the date is the claim of another service. If the date has not changed, it is a
  // requested day that only looks like a token.
  const isTokenNew = isRedated && isTokenDay(record.date?.value ?? '');
  if (record.returnValue !== known.record.returnValue || isTokenNew || seen.askedAgain) return false;
  if (seen.mayBeTakenOver) return false;
  return showsAnotherWriter(memory, standing);
}

/**
 * Whether the writer or the changed attributes show that the write since the claim was not a claim
 * of another service.
 */
function showsAnotherWriter({ known, job }: WriteBackMemory, { record, entry }: Standing): boolean {
  if (!isSameWriter(record, job.record) || !isSameDn(record.dn, known.record.dn)) return true;
  return entry !== undefined && known.entry !== undefined && !sameAttributes(entry, known.entry);
}

/** Whether a write that was refused may succeed on the entry as it is now. */
export function mayBeTakenNow(
  { known: { record: known }, fence }: WriteBackMemory,
  because: Because,
  standing: AccountRecord,
): boolean {
  if (!isSameDn(standing.dn, known.dn)) return true;
  if (because.kind !== 'mismatch') return false;
  const isOtherVersion = fence.by === 'version' && standing.entryCSN !== fence.entryCSN;
  return isOtherVersion || standing.mode !== known.mode || standing.state !== known.state;
}

/** Whether the account was not written to since it was last known. */
function isUntouched(standing: AccountRecord, known: AccountRecord): boolean {
  return standing.modifiedAt === known.modifiedAt && standing.date?.value === known.date?.value;
}

function isSameWriter({ modifiedBy: one }: AccountRecord, { modifiedBy: other }: AccountRecord): boolean {
  return one === undefined || other === undefined ? one === other : isSameDn(one, other);
}
