import type { StepEnd } from '../src/domain/event.ts';
import {
  Cancelled,
  type HandlerOutcome,
  type RunHandler,
  type StepOutcome,
  type StepTiming,
} from '../src/domain/job.ts';
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
      if (context.signal.aborted) return { ...stoppedBefore(context.signal), timings, step: step.name };
      context.begun(step.name);
      const outcome = await runWithinLimit(step, job, context, means);
      const milliseconds = Math.round((monotonic() - started) * 1000) / 1000;
      timings.push({ name: step.name, milliseconds });
      const { uid, dn, mode } = record;
      const ended = { ...endOf(outcome, context.signal), name: step.name, milliseconds };
      context.report({ event: 'step', ...ended, uid, dn, mode, job: job.id });
      if (!outcome.ok) {
        const { ending: _, ...failure } = cancelledIn(context.signal) ?? outcome;
        const aborted = context.signal.aborted && !isCancelled(context.signal);
        return { ...failure, timings, step: step.name, aborted } satisfies HandlerOutcome;
      }
    }
    return { ok: true, timings };
  };
}

function endOf(outcome: StepOutcome, signal: AbortSignal): StepEnd {
  if (outcome.ok) return { outcome: 'done' };
  if (signal.aborted) return { outcome: isCancelled(signal) ? 'cancelled' : 'interrupted' };
  if (outcome.ending !== undefined) return { outcome: outcome.ending };
  return { outcome: 'failed', returnValue: outcome.returnValue };
}

function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Cancelled;
}

/** The failure of an attempt that an operator has cancelled; undefined if none has. */
function cancelledIn(signal: AbortSignal): FailedStep | undefined {
  if (!(signal.reason instanceof Cancelled)) return undefined;
  const { message: cause } = signal.reason;
  const reason = 'the step was ended before it was done; what it had done until then stays';
  return { ok: false, returnValue: ReturnCode.UNDEFINED_ERROR, reason, cause, retry: 'permanent' };
}

type FailedStep = Extract<StepOutcome, { readonly ok: false }>;

/** The outcome if no further step is begun. */
function stoppedBefore(signal: AbortSignal) {
  const cancelled = cancelledIn(signal);
  return cancelled === undefined ? ({ ok: false, ...NOT_BEGUN } as const) : { ...cancelled, aborted: false };
}

/** An aborted outcome is not written to the entry. The account is resumed at the next start. */
const NOT_BEGUN = {
  returnValue: ReturnCode.UNDEFINED_ERROR,
  reason: 'the step was not begun, because the service is stopping',
  retry: 'permanent',
  aborted: true,
} as const;
