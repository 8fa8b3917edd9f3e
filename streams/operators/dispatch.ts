import type { OperatorFunction } from 'rxjs';
import type { Candidate, ClaimedJob } from '../candidate.ts';
import type { Surroundings } from '../surroundings.ts';
import { type AfterHandler, afterHandler } from '../turn/after-work.ts';
import { DONE, stage, type Turn, type TurnResult } from '../turn/turn.ts';
import { afterHandlerEvent } from '../turn/turn-events.ts';

/**
 * claimed -> ended, again or done: runs the handler of the job's mode. A failure that may be
 * repeated has another turn after its pause, and the account stays in work meanwhile. If the stop
 * of the service has ended the handler, the account is taken up at the next start.
 */
export function dispatch(surroundings: Surroundings): OperatorFunction<Turn, Turn> {
  const { runHandler, report, signal, monotonic, open, retry, observeStep } = surroundings;
  return stage('claimed', surroundings, async ({ candidate, job }) => {
    const outcome = await runHandler(job, { report, signal });
    const isOvertaken = open.isOvertaken(candidate.id);
    const next = afterHandler(job, outcome, isOvertaken, retry);
    observeStep({ step: 'afterHandler', uid: candidate.record.uid, outcome, isOvertaken, next });
    if (next.to === 'writeBack') {
      const milliseconds = monotonic() - job.claimedAt;
      return { at: 'ended', candidate, job, outcome, tries: 0, milliseconds };
    }
    const event = afterHandlerEvent(job, outcome, next);
    const result = notWrittenBack(candidate, job, next, surroundings);
    if (event !== undefined) report(event);
    return result;
  });
}

function notWrittenBack(
  { id }: Candidate,
  { record, fence }: ClaimedJob,
  next: Exclude<AfterHandler, { readonly to: 'writeBack' }>,
  { open }: Surroundings,
): TurnResult {
  switch (next.to) {
    case 'stop':
      return DONE;
    case 'newerRequest':
      open.release(id);
      return DONE;
    case 'repeat': {
      open.wrote(id, record, { working: false });
      const { attempt, lost, inMilliseconds } = next;
      const ownWork = { kind: 'retry', attempt, lost, fence } as const;
      return { at: 'again', candidate: { id, record, fresh: false, ownWork }, inMilliseconds };
    }
  }
}
