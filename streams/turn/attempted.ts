import type { AccountRecord } from '../../src/domain/account.ts';
import { type Decision, isInWork, isStart, type StartDecision } from '../../src/domain/decide.ts';
import { claimFence } from '../../src/domain/fence.ts';
import { isLeftAlone } from '../accounts/identity.ts';
import type { Candidate } from '../candidate.ts';
import { tokenOf } from './claim-moves.ts';
import type { Attempted, ClaimMemory, Judgement } from './claim-state.ts';

/** What is sent for the account as it was seen, by its judgement; undefined: nothing. */
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
  // The day before this service's own token is the one that was asked for.
  const isRenewed = fence.by === 'token' && standing !== undefined;
  return { how, mode, seen, fence: isRenewed ? { ...fence, restored: standing.restored } : fence };
}

/** What is begun on the account as it was seen; undefined if nothing is. */
function startOn(
  { ownWork, settlement, record }: Candidate,
  seen: AccountRecord,
  decision: Decision,
  isOwnClaim: boolean,
): StartDecision | undefined {
  const isOurs = ownWork?.kind === 'retry' ? isLeftAlone(record, seen) : isOwnClaim;
  // What is to be settled has failed, or is in work, and is claimed anew for its outcome.
  const isTaken =
    (decision.kind === 'wait' && isInWork(seen) && isOurs) || (decision.kind === 'failed' && settlement !== undefined);
  if (isTaken) return { kind: 'resume', mode: decision.mode, reason: decision.reason };
  if (!isStart(decision)) return undefined;
  return settlement === undefined || decision.kind === 'resume' ? decision : undefined;
}
