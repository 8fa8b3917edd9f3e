import type { HandlerOutcome, RunHandler, StepTiming } from '../src/domain/job.ts';
import { ReturnCode } from '../src/domain/return-code.ts';
import type { Means } from './define-step.ts';
import type { SiteHandlers } from './registry.ts';
import { runWithinLimit } from './run-within-limit.ts';

/**
 * Makes the function that runs the steps of a job's handler in order, each within its limit, timed
 * and told. The first failing step ends the attempt, and none is begun once the service stops.
 * Nothing that one account brings about ends the stream, or holds it up for longer than
 * `longestHandlerMilliseconds`.
 */
export function handlerRunner(handlers: SiteHandlers, means: Means, monotonic: () => number): RunHandler {
  return async (job, context) => {
    const { record } = job;
    const timings: StepTiming[] = [];
    for (const step of handlers[job.mode]) {
      const started = monotonic();
      if (context.signal.aborted) return { ok: false, timings, step: step.name, ...NOT_BEGUN };
      const outcome = await runWithinLimit(step, job, context, means);
      const milliseconds = Math.round((monotonic() - started) * 1000) / 1000;
      timings.push({ name: step.name, milliseconds });
      const { uid, dn, mode } = record;
      context.report({ event: 'step', name: step.name, milliseconds, uid, dn, mode, job: job.id });
      if (!outcome.ok) {
        const { returnValue, reason, retry } = outcome;
        const failure = { timings, step: step.name, returnValue, reason, retry, aborted: context.signal.aborted };
        return { ok: false, ...failure } satisfies HandlerOutcome;
      }
    }
    return { ok: true, timings };
  };
}

/** Nothing of it is written down: the account is taken up again at the next start. */
const NOT_BEGUN = {
  returnValue: ReturnCode.UNDEFINED_ERROR,
  reason: 'the step was not begun, as the service stops',
  retry: 'permanent',
  aborted: true,
} as const;
