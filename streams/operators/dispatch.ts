import type { OperatorFunction } from 'rxjs';
import { defined } from '../../src/domain/defined.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import type { Candidate, ClaimedJob } from '../candidate.ts';
import { type AfterHandler, afterHandler, settledOutcome } from '../turn/after-work.ts';
import { DONE, INTERRUPTED, stage, type Turn, type TurnResult } from '../turn/turn.ts';
import { afterHandlerEvent } from '../turn/turn-events.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';

/**
 * claimed -> ended, done, decideAgain or paused: runs the handler of the job's mode. After a
 * failure that may be retried, the account has another turn after a pause, and stays in work
 * meanwhile. If the lease of the uid lapses, the handler is ended, and there is a new decision
 * about the account. If the stop of the service has ended the handler, the account is resumed at
 * the next start. For an account that an operator has settled, no handler runs.
 */
export function dispatch(dependencies: TurnDependencies): OperatorFunction<Turn, Turn> {
  const { report, monotonic, open, retry, observePureStep } = dependencies;
  return stage('claimed', dependencies, async ({ candidate, job }) => {
    const { settlement } = job;
    if (settlement !== undefined) {
      const work = { job, outcome: settledOutcome(settlement), tries: 0, milliseconds: 0 };
      return { at: 'ended', candidate, work };
    }
    const { outcome, hasLapsed } = await runUnderLease(candidate.id, job, dependencies);
    const isOvertaken = open.isOvertaken(candidate.id);
    const next = afterHandler(job, outcome, { isOvertaken, hasLapsed }, retry());
    observePureStep({ step: 'afterHandler', uid: candidate.record.uid, job, outcome, isOvertaken, hasLapsed, next });
    if (next.to === 'writeBack') {
      const milliseconds = monotonic() - job.claimedAt;
      return { at: 'ended', candidate, work: { job, outcome, tries: 0, milliseconds } };
    }
    const event = afterHandlerEvent(job, outcome, next);
    const result = notWrittenBack(candidate, job, outcome.ok ? '' : outcome.reason, next, dependencies);
    if (event !== undefined) report(event);
    return result;
  });
}

/**
 * Runs the handler, which an operator may cancel. Its processes end before the lease of the uid
 * lapses. `hasLapsed`: the lease lapsed before the handler had succeeded.
 */
async function runUnderLease(
  id: string,
  job: ClaimedJob,
  { runHandler, report, signal, leases, accounts }: TurnDependencies,
): Promise<{ readonly outcome: HandlerOutcome; readonly hasLapsed: boolean }> {
  const begun = (step: string) => accounts.turns.begun(id, step);
  const lease = leases.forJob(job.record.uid);
  const ends = lease === undefined ? signal : AbortSignal.any([signal, lease.lapsed]);
  const outcome = await accounts.handlers.run(job.record.uid, ends, (own) =>
    runHandler(job, { report, signal: own, begun, lease }),
  );
  if (lease === undefined) return { outcome, hasLapsed: false };
  // After a suspension, the process may continue here before its timers fire. So the clock is read.
  const hasLapsed = !outcome.ok && !signal.aborted && (lease.lapsed.aborted || lease.remaining() <= 0);
  return { outcome, hasLapsed };
}

function notWrittenBack(
  { id, ownWork: before }: Candidate,
  { record, fence, askedBy }: ClaimedJob,
  reason: string,
  next: Exclude<AfterHandler, { readonly to: 'writeBack' }>,
  { open, now }: TurnDependencies,
): TurnResult {
  switch (next.to) {
    case 'stop':
      return INTERRUPTED;
    case 'newerRequest':
      open.release(id);
      return DONE;
    case 'leaseLapsed':
      open.release(id);
      return { at: 'decideAgain', candidate: { id, record, fresh: false }, interrupted: true };
    case 'repeat': {
      open.wrote(id, record, { working: false });
      const { attempt, lost, inMilliseconds } = next;
      const failedAt = before?.failedAt ?? now();
      const ownWork = { kind: 'retry', attempt, lost, fence, failedAt, ...defined({ askedBy }) } as const;
      const why = { condition: 'retrying', attempt, reason, dueAt: now() + inMilliseconds, failedAt } as const;
      return { at: 'paused', candidate: { id, record, fresh: false, ownWork }, inMilliseconds, why };
    }
  }
}
