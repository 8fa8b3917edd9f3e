import type { HandlerOutcome, Job } from './job.ts';

/** When a failed attempt is repeated. Times are in milliseconds. */
export interface RetryPolicy {
  /**
   * For EX_TEMPFAIL of the script. Also for a shortage of the host, then without a limit.
   * `attempts` includes the first one.
   */
  readonly temporary: RetrySchedule;
  /** For any other failure of the script. */
  readonly script: RetrySchedule;
}

/** The first pause and the longest one, in milliseconds. */
export interface Pauses {
  readonly initial: number;
  readonly max: number;
}

interface RetrySchedule extends Pauses {
  readonly attempts: number;
}

/**
 * A lost attempt is at first not the script's fault: it is repeated soon, at most twice, whatever
 * the policy says.
 */
const LOST = { repeated: 2, milliseconds: 500 };

/**
 * The delay in milliseconds before a failed attempt is repeated; undefined: the failure is final.
 */
export function retryDelay(
  outcome: HandlerOutcome,
  { attempt, lost }: Pick<Job, 'attempt' | 'lost'>,
  policy: RetryPolicy,
): number | undefined {
  if (outcome.ok || outcome.aborted || outcome.retry === 'permanent') return undefined;
  // Repeated without a limit: a shortage is not the account's fault.
  if (outcome.retry === 'shortage') return backoff(attempt, policy.temporary);
  if (outcome.retry === 'lost') return lost < LOST.repeated ? LOST.milliseconds : undefined;
  const schedule = policy[outcome.retry];
  return attempt < schedule.attempts ? backoff(attempt, schedule) : undefined;
}

/** The delay after the nth failure in a row: it doubles each time, up to `max`. */
export function backoff(failures: number, { initial, max }: Pauses): number {
  return Math.min(max, initial * 2 ** Math.min(failures - 1, 30));
}

/**
 * The longest pause between two attempts in milliseconds. A shortage of the host is always
 * possible, so `temporary` always counts.
 */
export function longestPause({ temporary, script }: RetryPolicy): number {
  return Math.max(temporary.max, script.attempts > 1 ? script.max : 0);
}
