import type { Job, StepContext, StepOutcome } from '../src/domain/job.ts';
import { ReturnCode } from '../src/domain/return-code.ts';
import { shortageIn } from '../src/host/shortage.ts';
import type { Means, SiteStep } from './define-step.ts';
import { failed } from './steps/outcome.ts';

/*
 * One run of a step:
 *
 *   running -> ended              it ends by itself
 *   running -> overdue -> ended   its limit is reached: it is told to stop, and ends or is given up
 *                                 after its grace
 *   running -> stopping -> ended  the service stops at once: likewise
 *
 * What reached its limit has failed, whatever it says afterwards: what was cut short must not pass
 * for done. What is given up has no voice any more; it may go on, but begins nothing, as its signal
 * is aborted.
 */
type State = 'running' | 'overdue' | 'stopping' | 'ended';

/** Beyond it a timer of Node.js fires at once: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Runs a step for at most its limit and its grace; the signal is not aborted yet. Never rejects: a
 * step that throws has failed, and is repeated where the host is short of something.
 */
export async function runWithinLimit(
  step: SiteStep,
  job: Job,
  { report, signal }: StepContext,
  means: Means,
): Promise<StepOutcome> {
  const own = new AbortController();
  let state: State = 'running';
  let timer: NodeJS.Timeout | undefined;
  let giveUp: () => void = () => {};
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const stop = (why: 'overdue' | 'stopping') => {
    if (state !== 'running') return;
    state = why;
    clearTimeout(timer);
    timer = setTimeout(giveUp, step.graceMilliseconds);
    own.abort();
  };
  const onAbort = () => stop('stopping');
  timer = setTimeout(() => stop('overdue'), Math.min(step.limitMilliseconds, LONGEST_TIMER));
  signal.addEventListener('abort', onAbort, { once: true });

  const tell: StepContext['report'] = (event) => {
    if (state !== 'ended') report(event);
  };
  const outcome = await Promise.race([settled(step, job, { report: tell, signal: own.signal }, means), givenUp]);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  const last = state as State;
  state = 'ended';
  return last === 'overdue' ? overdue(step, outcome !== undefined) : (outcome ?? failed(...NOT_ENDED));
}

const NOT_ENDED = [ReturnCode.UNDEFINED_ERROR, 'the step did not end in time when the service stopped'] as const;

async function settled(step: SiteStep, job: Job, context: StepContext, means: Means): Promise<StepOutcome> {
  const code = ReturnCode.UNDEFINED_ERROR;
  try {
    return await step.run(job, context, means);
  } catch (error) {
    const shortage = shortageIn(error);
    if (shortage !== undefined)
      return { ok: false, returnValue: code, reason: `${shortage.message}; ${shortage.remedy}`, retry: 'shortage' };
    const words = error instanceof Error ? error.message : String(error);
    return failed(code, `the step failed unexpectedly: ${words}`);
  }
}

function overdue({ limitMilliseconds, overdue: { returnValue, remedy } }: SiteStep, hasEnded: boolean): StepOutcome {
  const how = hasEnded ? 'was stopped' : 'did not end when it was stopped';
  return failed(returnValue, `the step took longer than ${limitMilliseconds / 1000} s and ${how}: ${remedy}`);
}
