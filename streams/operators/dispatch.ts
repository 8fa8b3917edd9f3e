import type { OperatorFunction } from 'rxjs';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { retryDelay } from '../../src/domain/retry.ts';
import { type Candidate, type ClaimedJob, refOf } from '../candidate.ts';
import type { Surroundings } from '../surroundings.ts';
import { DONE, overtaken, stage, type Turn, type TurnResult } from '../turn.ts';

/**
 * claimed -> ended, again or done: runs the handler of the job's mode. A failure that may be
 * repeated comes again after its
 * pause, and the account stays in work meanwhile; what the stop of the service has ended is taken
 * up at the next start.
 */
export function dispatch(surroundings: Surroundings): OperatorFunction<Turn, Turn> {
  const { runHandler, report, signal, monotonic } = surroundings;
  return stage('claimed', surroundings, async ({ candidate, job }) => {
    const outcome = await runHandler(job, { report, signal });
    if (!outcome.ok && outcome.aborted) return DONE;
    const milliseconds = monotonic() - job.claimedAt;
    return (
      repeatLater(candidate, job, outcome, surroundings) ?? {
        at: 'ended',
        candidate,
        job,
        outcome,
        tries: 0,
        milliseconds,
      }
    );
  });
}

function repeatLater(
  candidate: Candidate,
  job: ClaimedJob,
  outcome: HandlerOutcome,
  { open, retry, report }: Surroundings,
): TurnResult | undefined {
  const inMilliseconds = retryDelay(outcome, job, retry);
  if (inMilliseconds === undefined || outcome.ok) return undefined;
  const { id } = candidate;
  const { record, fence } = job;
  if (open.isOvertaken(id)) return overtaken(id, job, open, report);
  open.wrote(id, record, { working: false });
  const attempt = job.attempt + 1;
  report({ event: 'retrying', attempt, inMilliseconds, reason: outcome.reason, ...refOf(record, job.id) });
  const lost = outcome.retry === 'lost' ? job.lost + 1 : 0;
  const own = { kind: 'retry', attempt, lost, fence } as const;
  return { at: 'again', candidate: { id, record, fresh: false, own }, inMilliseconds };
}
