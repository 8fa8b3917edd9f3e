import type { AccountRecord } from '../../src/domain/account.ts';
import { type Decision, isInWork, isStart, type StartDecision } from '../../src/domain/decide.ts';
import { claimFence } from '../../src/domain/fence.ts';
import { isLeftAlone } from '../accounts/identity.ts';
import type { Candidate } from '../candidate.ts';
import { tokenOf } from './claim-moves.ts';
import type { Attempted, ClaimMemory, Judgement } from './claim-state.ts';

/**
 * Returns the claim or resume to send for the account, as it was seen and judged; undefined if
 * nothing is to be sent.
 */
export function attemptedOn(
  memory: ClaimMemory,
  seen: AccountRecord,
  { decision, isOwnClaim, fencing, token }: Judgement,
): Attempted | undefined {
  const start = startOn(memory.candidate, seen, decision, isOwnClaim);
  if (start === undefined) return undefined;
  const { kind: how, mode } = start;
  const fence = claimFence(seen, fencing, token);
  const standing = tokenOf(memory, seen);
  // The entry has a token of this service. The requested day is the one that was there before it.
  const isRenewed = fence.by === 'token' && standing !== undefined;
  return { how, mode, seen, fence: isRenewed ? { ...fence, restored: standing.restored } : fence };
}

/** Returns what is to be started on the account as it was seen; undefined if nothing is. */
function startOn(
  { ownWork, settlement, record }: Candidate,
  seen: AccountRecord,
  decision: Decision,
  isOwnClaim: boolean,
): StartDecision | undefined {
  const isOurs = ownWork?.kind === 'retry' ? isLeftAlone(record, seen) : isOwnClaim;
  // An account that an operator settles has failed, or is in work. It is claimed again for its
  // outcome.
  const isTaken =
    (decision.kind === 'wait' && isInWork(seen) && isOurs) || (decision.kind === 'failed' && settlement !== undefined);
  if (isTaken) return { kind: 'resume', mode: decision.mode, reason: decision.reason };
  if (!isStart(decision)) return undefined;
  return settlement === undefined || decision.kind === 'resume' ? decision : undefined;
}
