import type { AccountRecord } from '../../src/domain/account.ts';
import { isInWork } from '../../src/domain/decide.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type { Attempted, ClaimMemory, ClaimNext, ClaimNote, ClaimResult, TokenFence } from './claim-state.ts';

/** The moves of a claim: into a state, with its effect, or to the end. */

export const end = (result: ClaimResult): ClaimNext => ({ notes: [], result });

export function find(memory: ClaimMemory, notes: readonly ClaimNote[] = []): ClaimNext {
  return { notes, state: { at: 'reading', memory }, effect: { do: 'find' } };
}

export function judge(memory: ClaimMemory, seen: AccountRecord, notes: readonly ClaimNote[] = []): ClaimNext {
  const effect = { do: 'judge', record: seen, mayBeForeign: mayBeForeign(memory, seen) } as const;
  return { notes, state: { at: 'judging', memory, seen }, effect };
}

/** `attempted`: what is sent under the lease; undefined if a claim must be undone. */
export function lease(memory: ClaimMemory, seen: AccountRecord, attempted: Attempted | undefined): ClaimNext {
  return { notes: [], state: { at: 'leasing', memory, seen, attempted }, effect: { do: 'lease', record: seen } };
}

export function pause(memory: ClaimMemory, error: DirectoryError): ClaimNext {
  const failures = memory.failures + 1;
  return {
    notes: [],
    state: { at: 'pausing', memory: { ...memory, failures } },
    effect: { do: 'pause', failures, error },
  };
}

/**
 * Whether another service may have claimed the account, as far as the version of the entry does not
 * show that this one did. Only an account that was not in work when it was seen is suspected.
 */
function mayBeForeign(memory: ClaimMemory, seen: AccountRecord): boolean {
  const { candidate, undo, unanswered } = memory;
  if (!isInWork(seen) || undo !== undefined || tokenOf(memory, seen) !== undefined) return false;
  return candidate.ownWork === undefined && !isInWork(candidate.record) && !unanswered;
}

export function tokenOf({ tokens }: Pick<ClaimMemory, 'tokens'>, { date }: AccountRecord): TokenFence | undefined {
  return tokens.findLast(({ token }) => token === date?.value);
}
