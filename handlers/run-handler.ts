import type { StepEnd } from '../src/domain/event.ts';
import type { HandlerOutcome, RunHandler, StepOutcome, StepTiming } from '../src/domain/job.ts';
import { ReturnCode } from '../src/domain/return-code.ts';
import type { Means } from './define-step.ts';
import type { SiteHandlers } from './registry.ts';
import { runWithinLimit } from './run-within-limit.ts';

/**
 * Creates the function that runs the steps of a job's handler in order. Each step has its time
 * limit, is timed and is reported. The first failing step ends the attempt. No step is started
 * after the service was told to stop at once. The function never rejects because of an account, and
 * takes at most `longestHandlerMilliseconds`.
 */
export function handlerRunner(handlers: SiteHandlers, means: Means, monotonic: () => number): RunHandler {
  return async (job, context) => {
    const { record } = job;
    const timings: StepTiming[] = [];
    for (const step of handlers[job.mode]) {
      const started = monotonic();
      if (context.signal.aborted) return { ok: false, timings, step: step.name, ...NOT_BEGUN };
      context.begun(step.name);
      const outcome = await runWithinLimit(step, job, context, means);
      const milliseconds = Math.round((monotonic() - started) * 1000) / 1000;
      timings.push({ name: step.name, milliseconds });
      const { uid, dn, mode } = record;
      const { aborted } = context.signal;
      const ended = { ...endOf(outcome, aborted), name: step.name, milliseconds };
      context.report({ event: 'step', ...ended, uid, dn, mode, job: job.id });
      if (!outcome.ok) {
        const { ending: _, ...failure } = outcome;
        return { ...failure, timings, step: step.name, aborted } satisfies HandlerOutcome;
      }
    }
    return { ok: true, timings };
  };
}

function endOf(outcome: StepOutcome, aborted: boolean): StepEnd {
  if (outcome.ok) return { outcome: 'done' };
  if (aborted) return { outcome: 'interrupted' };
  if (outcome.ending !== undefined) return { outcome: outcome.ending };
  return { outcome: 'failed', returnValue: outcome.returnValue };
}

/** An aborted outcome is not written to the entry. The account is resumed at the next start. */
const NOT_BEGUN = {
  returnValue: ReturnCode.UNDEFINED_ERROR,
  reason: 'the step was not begun, as the service stops',
  retry: 'permanent',
  aborted: true,
} as const;
