import type { HandlerOutcome, Job } from '../../src/domain/job.ts';
import { backoff, type RetryPolicy, retryDelay } from '../../src/domain/retry.ts';
import type { Settlement } from '../candidate.ts';

/** What follows when a handler has ended. */
export type AfterHandler =
  /** The stop of the service has ended it. The account is resumed at the next start. */
  | { readonly to: 'stop' }
  /**
   * Another attempt follows after a pause. `lost`: the number of attempts in a row that were lost.
   */
  | { readonly to: 'repeat'; readonly attempt: number; readonly lost: number; readonly inMilliseconds: number }
  /**
   * The lease of the uid lapsed, so the handler was ended. The account is resumed by the next
   * service that has the lease, perhaps by this one.
   */
  | { readonly to: 'leaseLapsed' }
  /** No other attempt follows, because a newer request came into sight while the handler ran. */
  | { readonly to: 'newerRequest' }
  /** The outcome is written. */
  | { readonly to: 'writeBack' };

/**
 * Returns what follows from the outcome of a handler. `isOvertaken`: a newer request is in sight.
 * `hasLapsed`: the lease of the uid lapsed before the handler had succeeded.
 */
export function afterHandler(
  { attempt, lost }: Pick<Job, 'attempt' | 'lost'>,
  outcome: HandlerOutcome,
  { isOvertaken, hasLapsed }: { readonly isOvertaken: boolean; readonly hasLapsed: boolean },
  retry: RetryPolicy,
): AfterHandler {
  if (outcome.ok) return { to: 'writeBack' };
  if (hasLapsed) return { to: 'leaseLapsed' };
  if (outcome.aborted) return { to: 'stop' };
  const inMilliseconds = retryDelay(outcome, { attempt, lost }, retry);
  if (inMilliseconds === undefined) return { to: 'writeBack' };
  if (isOvertaken) return { to: 'newerRequest' };
  return { to: 'repeat', attempt: attempt + 1, lost: outcome.retry === 'lost' ? lost + 1 : 0, inMilliseconds };
}

/** The outcome of an account that an operator has settled. No handler runs. */
export function settledOutcome({ code, who }: Settlement): HandlerOutcome {
  if (code === 0) return { ok: true, timings: [] };
  return {
    ok: false,
    timings: [],
    step: '',
    returnValue: code,
    reason: 'nothing was run',
    cause: `settled by ${who ?? 'an operator'}`,
    retry: 'permanent',
    aborted: false,
  };
}

/** What follows when the directory refuses an outcome. */
export type AfterRefusal =
  /** The outcome is kept, and written again after a pause. `tries`: how often it was refused. */
  | { readonly to: 'keep'; readonly tries: number; readonly inMilliseconds: number }
  /** The outcome is dropped, because a newer request came into sight. */
  | { readonly to: 'newerRequest' };

/** The pause before a refused outcome is written again, in milliseconds. */
const REFUSED_BACKOFF = { initial: 5_000, max: 600_000 };

/** Returns what follows from a refusal. `tries`: how often the outcome had been refused before. */
export function afterRefusal(tries: number, isOvertaken: boolean): AfterRefusal {
  if (isOvertaken) return { to: 'newerRequest' };
  return { to: 'keep', tries: tries + 1, inMilliseconds: backoff(tries + 1, REFUSED_BACKOFF) };
}
