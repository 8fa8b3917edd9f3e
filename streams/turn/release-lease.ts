import type { Candidate } from '../candidate.ts';
import type { Surroundings } from '../surroundings.ts';
import type { TurnResult } from './turn.ts';

/**
 * Gives up the lease of the uid at the end of a turn. It is kept over the pause before another
 * attempt; the lease then says so, and others wait as long.
 */
export function releaseLease(
  { record: { uid } }: Candidate,
  result: TurnResult,
  { leases, signal }: Pick<Surroundings, 'leases' | 'signal'>,
): void {
  if (result.at === 'again') {
    const { ownWork } = result.candidate;
    const attempt = ownWork?.kind === 'retry' ? ownWork.attempt : (ownWork?.work.job.attempt ?? 1);
    leases.release(uid, { to: 'paused', pause: result.inMilliseconds, attempt });
    return;
  }
  const isInterrupted = signal.aborted || (result.at === 'decideAgain' && result.interrupted === true);
  leases.release(uid, { to: isInterrupted ? 'left' : 'free' });
}
