import type { HandlerOutcome, Job } from './job.ts';

/** How often, and after how long, a failed attempt is repeated. Times in milliseconds. */
export interface RetryPolicy {
  /** For a script that asks for it (EX_TEMPFAIL), and for a shortage of the host, there without end. `attempts` counts the first one. */
  readonly temporary: RetrySchedule;
  /** For any other failure of the script. */
  readonly script: RetrySchedule;
}

export interface RetrySchedule {
  readonly attempts: number;
  readonly initial: number;
  readonly max: number;
}

/** A lost attempt is nobody's fault at first: it is repeated soon, whatever the policy says, and twice at most. */
const LOST = { repeated: 2, milliseconds: 500 };

/** After how many milliseconds a failed attempt is repeated; undefined: the failure stands. */
export function retryDelay(
  outcome: HandlerOutcome,
  { attempt, lost }: Pick<Job, 'attempt' | 'lost'>,
  policy: RetryPolicy,
): number | undefined {
  if (outcome.ok || outcome.aborted || outcome.retry === 'permanent') return undefined;
  // No number of times: it is no fault of the account's.
  if (outcome.retry === 'shortage') return backoff(attempt, policy.temporary);
  if (outcome.retry === 'lost') return lost < LOST.repeated ? LOST.milliseconds : undefined;
  const schedule = policy[outcome.retry];
  return attempt < schedule.attempts ? backoff(attempt, schedule) : undefined;
}

/** The delay after the nth failure in a row: doubled each time, up to the longest. */
export function backoff(failures: number, { initial, max }: { initial: number; max: number }): number {
  return Math.min(max, initial * 2 ** Math.min(failures - 1, 30));
}

/** The longest pause between two attempts, in milliseconds: that for a shortage of the host is always possible. */
export function longestPause({ temporary, script }: RetryPolicy): number {
  return Math.max(temporary.max, script.attempts > 1 ? script.max : 0);
}
