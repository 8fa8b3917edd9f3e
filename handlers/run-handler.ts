import type { HandlerOutcome, RunHandler, StepTiming } from '../src/domain/job.ts';
import { ReturnCode } from '../src/domain/return-code.ts';
import type { Means } from './define-step.ts';
import type { SiteHandlers } from './registry.ts';

/**
 * Makes the function that runs the steps of a job's handler in order, each timed and told. The first failing step ends the
 * attempt. A step that throws is a failed step: nothing that one account brings about ends the stream.
 */
export function handlerRunner(handlers: SiteHandlers, means: Means, monotonic: () => number): RunHandler {
  return async (job, context) => {
    const { record } = job;
    const timings: StepTiming[] = [];
    for (const step of handlers[job.mode]) {
      const started = monotonic();
      const outcome = await step.run(job, context, means).catch((error: unknown) => ({
        ok: false as const,
        returnValue: ReturnCode.UNDEFINED_ERROR,
        reason: `the step failed unexpectedly: ${error instanceof Error ? error.message : String(error)}`,
        retry: 'permanent' as const,
      }));
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
