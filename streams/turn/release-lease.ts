import type { Candidate } from '../candidate.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';
import type { TurnResult } from './turn.ts';

/**
 * Gives up the lease of the uid at the end of a turn. During the pause before another attempt, the
 * lease is kept: its value says so, and other services wait until the pause is over.
 */
export function releaseLease(
  candidate: Candidate,
  result: TurnResult,
  { leases, signal }: Pick<TurnDependencies, 'leases' | 'signal'>,
): void {
  const { uid } = candidate.record;
  if (result.at === 'paused') {
    const attempt = attemptOf(result.candidate) ?? 1;
    leases.release(uid, { to: 'paused', pause: result.inMilliseconds, attempt });
    return;
  }
  const isInterrupted = signal.aborted || (result.at === 'decideAgain' && result.interrupted === true);
  if (isInterrupted) leases.release(uid, { to: 'left', attempt: attemptOf(candidate) ?? leases.attempt(uid) });
  else leases.release(uid, { to: 'free' });
}

function attemptOf({ ownWork }: Candidate): number | undefined {
  return ownWork?.kind === 'retry' ? ownWork.attempt : ownWork?.work.job.attempt;
}
