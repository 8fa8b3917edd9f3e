import { errorText } from '../src/domain/error-text.ts';
import type { Job, StepContext, StepOutcome } from '../src/domain/job.ts';
import { LONGEST_TIMER } from '../src/domain/longest-timer.ts';
import { ReturnCode } from '../src/domain/return-code.ts';
import { shortageIn } from '../src/host/shortage.ts';
import type { Means, SiteStep } from './define-step.ts';
import { failed } from './steps/outcome.ts';

/*
 * One run of a step:
 *
 *   running -> ended              the step ends by itself
 *   running -> overdue -> ended   the limit is reached and the step's signal is aborted: the step
 *                                 ends, or is abandoned after its grace
 *   running -> stopping -> ended  the service stops at once; then as above
 *
 * A step that has reached its limit has failed, whatever it returns later, because it may be
 * incomplete. The reports of an abandoned step are dropped. It may still run, but starts nothing,
 * because its signal is aborted.
 */
type State = 'running' | 'overdue' | 'stopping' | 'ended';

/**
 * Runs a step for at most its limit plus its grace. The signal must not be aborted yet. Never
 * rejects: a step that throws has failed. After a Shortage it is tried again.
 */
export async function runWithinLimit(
  step: SiteStep,
  job: Job,
  { report, signal, lease }: StepContext,
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
  const outcome = await Promise.race([
    outcomeOf(step, job, { report: tell, signal: own.signal, lease }, means),
    givenUp,
  ]);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  const last = state as State;
  state = 'ended';
  return last === 'overdue' ? overdue(step, outcome !== undefined) : (outcome ?? failed(...NOT_ENDED));
}

const NOT_ENDED = [ReturnCode.UNDEFINED_ERROR, 'the step did not end in time when the service stopped'] as const;

async function outcomeOf(step: SiteStep, job: Job, context: StepContext, means: Means): Promise<StepOutcome> {
  const code = ReturnCode.UNDEFINED_ERROR;
  try {
    return await step.run(job, context, means);
  } catch (error) {
    const shortage = shortageIn(error);
    if (shortage !== undefined)
      return { ok: false, returnValue: code, reason: `${shortage.message}; ${shortage.remedy}`, retry: 'shortage' };
    const words = errorText(error);
    return failed(code, `the step failed unexpectedly: ${words}`);
  }
}

function overdue({ limitMilliseconds, overdue: { returnValue, remedy } }: SiteStep, hasEnded: boolean): StepOutcome {
  const how = hasEnded ? 'was stopped' : 'did not end when it was stopped';
  const reason = `the step took longer than ${limitMilliseconds / 1000} s and ${how}: ${remedy}`;
  return { ok: false, returnValue, reason, retry: 'permanent', ending: 'timedOut' };
}
