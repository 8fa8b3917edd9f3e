import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { AccountDirectory } from '../src/domain/directory.ts';
import type { Report } from '../src/domain/event.ts';
import type { Fencing } from '../src/domain/fence.ts';
import type { RunHandler } from '../src/domain/job.ts';
import type { RetryPolicy } from '../src/domain/retry.ts';
import type { OpenAccounts } from './accounts/open-accounts.ts';
import type { DecideNow, ObserveStep } from './turn/steps.ts';

/**
 * What the stages of a turn have around them: the rules of the site, what is known of accounts, and
 * everything with effects.
 */
export interface Surroundings {
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /**
   * Reads how an account stands, whatever has become of its user and home: its outcome is written
   * all the same.
   */
  readonly readStanding: ReadEntry;
  /** No other service works on these accounts. */
  readonly alone: boolean;
  readonly retry: RetryPolicy;
  /**
   * The longest time that a handler may take, in milliseconds: afterwards another service may take
   * an account over.
   */
  readonly longestHandlerMilliseconds: number;
  readonly open: OpenAccounts;
  readonly directory: AccountDirectory;
  /** How the server in use refuses late requests. */
  readonly fencing: () => Fencing;
  /** A token day that was not chosen before, or not lately. */
  readonly newToken: () => string;
  /** Decides by the circumstances of this moment. */
  readonly decideNow: DecideNow;
  /** Is told each pure step of a turn. */
  readonly observeStep: ObserveStep;
  /**
   * What speaks against the account, by what is known of it beside the entry; undefined: nothing.
   * Rejects when stopped.
   */
  readonly objection: (record: AccountRecord) => Promise<string | undefined>;
  readonly runHandler: RunHandler;
  /**
   * Waiting for a directory that is away: how long after the nth failure, in milliseconds, and the
   * waiting itself.
   */
  readonly away: { delay(failures: number): number; wait(milliseconds: number, until: AbortSignal): Promise<void> };
  readonly report: Report;
  /** Aborted when the service must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted, at the latest then, when nothing new is to be taken up. */
  readonly draining: AbortSignal;
  readonly nextJobId: () => string;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonic: () => number;
  /** What the state attribute says of a success that is finished now, `YYYYMMDDThhmmssZ`. */
  readonly stateNow: () => string;
}
