import type { AccountRecord } from '../../src/domain/account.ts';
import { isInWork } from '../../src/domain/decide.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type {
  ClaimMemory,
  ClaimNext,
  ClaimNote,
  ClaimResult,
  ClaimRules,
  ClaimState,
  TokenFence,
} from './claim-state.ts';

/** The moves of a claim into a state, with the effect that belongs to it, and to its end. */

export const end = (result: ClaimResult): ClaimNext => ({ notes: [], result });

export function find(memory: ClaimMemory, notes: readonly ClaimNote[] = []): ClaimNext {
  return { notes, state: { ...memoryOf(memory), at: 'reading' }, effect: { do: 'find' } };
}

export function judge(
  memory: ClaimMemory,
  seen: AccountRecord,
  { alone }: ClaimRules,
  notes: readonly ClaimNote[] = [],
): ClaimNext {
  const state: ClaimState = { ...memoryOf(memory), at: 'judging', seen };
  return { notes, state, effect: { do: 'judge', record: seen, mayBeOthers: mayBeOthers(state, alone) } };
}

export function pause(memory: ClaimMemory, error: DirectoryError): ClaimNext {
  const failures = memory.failures + 1;
  return {
    notes: [],
    state: { ...memory, failures, at: 'pausing' },
    effect: { do: 'pause', failures, error },
  };
}

export function memoryOf({
  candidate,
  withReturnValue,
  unanswered,
  tokens,
  undo,
  failures,
  conflicts,
}: ClaimMemory): ClaimMemory {
  return { candidate, withReturnValue, unanswered, tokens, undo, failures, conflicts };
}

/**
 * Whether somebody else may have put the account in work, where it is not own by its version. A
 * service alone knows that only of an account that was not in work when it was seen.
 */
function mayBeOthers(
  { candidate, seen, ...memory }: ClaimMemory & { readonly seen: AccountRecord },
  alone: boolean,
): boolean {
  if (!isInWork(seen) || memory.undo !== undefined || tokenOf(memory, seen) !== undefined) return false;
  return !alone || !(candidate.ownWork !== undefined || isInWork(candidate.record) || memory.unanswered);
}

export function tokenOf({ tokens }: Pick<ClaimMemory, 'tokens'>, { date }: AccountRecord): TokenFence | undefined {
  return tokens.findLast(({ token }) => token === date?.value);
}
