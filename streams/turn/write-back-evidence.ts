import type { AccountRecord } from '../../src/domain/account.ts';
import { isSameDn } from '../../src/domain/dn.ts';
import { sameAttributes } from '../../src/domain/entry.ts';
import { isTokenDay } from '../../src/domain/fence.ts';
import { readMode } from '../../src/domain/mode.ts';
import type { Because, Standing, WriteBackInput, WriteBackMemory, WriteBackRules } from './write-back-state.ts';

/*
 * What an entry that was read says about an outcome: whether it was written, whether the account is
 * still this service's own, and whether another try may succeed. Nothing here moves the machine.
 */

/**
 * Whether the entry shows the outcome as written, with its return value or `silently`
 * without.
 */
export function howWritten(
  memory: WriteBackMemory,
  standing: AccountRecord,
  rules: WriteBackRules,
): 'withReturnValue' | 'silently' | undefined {
  const { job, outcome, stateValue } = memory;
  const reading = readMode(standing.mode);
  if (reading?.mode !== job.mode) return undefined;
  if (outcome.ok) return reading.phase === 'finished' && standing.state === stateValue ? 'withReturnValue' : undefined;
  if (!stillStandsInWork(standing)) return undefined;
  if (standing.returnValue === String(outcome.returnValue)) return 'withReturnValue';
  return isWrittenSilently(memory, standing, rules) ? 'silently' : undefined;
}

/** Whether the account stands in work, failed or not. */
export function stillStandsInWork({ mode, state }: AccountRecord): boolean {
  return readMode(mode)?.phase === 'inWork' && state === '0';
}

/**
 * Whether a failure that leaves no return value was written: all that it changes is the fence. A
 * service that is not alone cannot tell it from another one's claim.
 */
function isWrittenSilently(
  { optional, fence }: WriteBackMemory,
  { date, entryCSN }: AccountRecord,
  { names, alone }: WriteBackRules,
): boolean {
  if (!alone || (optional !== 'none' && names.returnValue !== null)) return false;
  if (fence.by === 'token') return date?.value === fence.restored;
  return fence.by === 'version' && entryCSN !== fence.entryCSN;
}

/**
 * Whether an account that is in work is still so by this service's own claim. A token says it. Of
 * versions only the newest shows: if it is another one, nobody may have taken the account over
 * meanwhile, by the rules that services keep; and what was written under this service's own name
 * must show, as otherwise it is the claim of another instance.
 */
export function isStillOwn(
  memory: WriteBackMemory,
  standing: Standing,
  seen: Extract<WriteBackInput, { got: 'standing' }>,
  { alone }: WriteBackRules,
): boolean {
  const { known, fence } = memory;
  const { record } = standing;
  if (fence.by === 'token') return record.date?.value === fence.token;
  if (fence.by === 'nothing' || record.entryCSN === undefined) return alone || isUntouched(record, known.record);
  if (record.entryCSN === fence.entryCSN) return true;
  const isRedated = record.date?.value !== known.record.date?.value;
  // A token that stood there before is none, but a day that somebody asked for.
  const isTokenNew = isRedated && isTokenDay(record.date?.value ?? '');
  if (record.returnValue !== known.record.returnValue || isTokenNew || seen.askedAgain) return false;
  // Beside others a new day may be that of a newer request, which another service has claimed.
  if (!alone && (isRedated || seen.mayBeTakenOver)) return false;
  return showsAnotherWriter(memory, standing);
}

/**
 * Whether what was written since the claim can be told from another instance's claim: by its
 * writer, or by what it changed.
 */
function showsAnotherWriter({ known, job }: WriteBackMemory, { record, entry }: Standing): boolean {
  if (!isSameWriter(record, job.record) || !isSameDn(record.dn, known.record.dn)) return true;
  return entry !== undefined && known.entry !== undefined && !sameAttributes(entry, known.entry);
}

/** Whether a write that was refused may succeed on the entry as it stands now. */
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

/** Whether nobody has written to the account since it was last known. */
function isUntouched(standing: AccountRecord, known: AccountRecord): boolean {
  return standing.modifiedAt === known.modifiedAt && standing.date?.value === known.date?.value;
}

function isSameWriter({ modifiedBy: one }: AccountRecord, { modifiedBy: other }: AccountRecord): boolean {
  return one === undefined || other === undefined ? one === other : isSameDn(one, other);
}
