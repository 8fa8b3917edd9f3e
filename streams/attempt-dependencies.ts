import type { Report } from '../src/domain/event.ts';
import type { RunHandler } from '../src/domain/job.ts';
import type { RetryPolicy } from '../src/domain/retry.ts';
import type { ClaimDependencies } from './claim.ts';
import type { OpenAccounts } from './open-accounts.ts';
import type { Permit } from './operators/serialize-by-key.ts';
import type { WriteBackDependencies } from './write-back.ts';

export interface AttemptDependencies
  extends Omit<
    ClaimDependencies & WriteBackDependencies,
    'patience' | 'claiming' | 'writing' | 'isOwn' | 'isOthersAtWork' | 'learnt' | 'mayBeTakenOver' | 'wasAskedAgain'
  > {
  /** Waiting for a directory that is away: how long after the nth failure, in milliseconds, and the waiting itself. */
  readonly away: { delay(failures: number): number; wait(milliseconds: number, until: AbortSignal): Promise<void> };
  readonly open: OpenAccounts;
  /** The longest time that a handler may take, in milliseconds: afterwards another service may take an account over. */
  readonly longestHandlerMilliseconds: number;
  readonly runHandler: RunHandler;
  readonly retry: RetryPolicy;
  readonly report: Report;
  /** Aborted when the service must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted, at the latest then, when nothing new is to be taken up. */
  readonly draining: AbortSignal;
  readonly nextJobId: () => string;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonic: () => number;
}

/** What the parts of one attempt share. */
export interface Attempting extends AttemptDependencies {
  readonly permit: Permit;
}
