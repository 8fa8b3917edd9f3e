import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { AccountDirectory } from '../src/domain/directory.ts';
import type { Report } from '../src/domain/event.ts';
import type { Fencing } from '../src/domain/fence.ts';
import type { RunHandler } from '../src/domain/job.ts';
import type { RetryPolicy } from '../src/domain/retry.ts';
import type { LeftAccounts } from './accounts/left-accounts.ts';
import type { OpenAccounts } from './accounts/open-accounts.ts';
import type { AccountsInStream } from './accounts-in-stream.ts';
import type { Gate } from './gate.ts';
import type { Leases } from './leases/leases.ts';
import type { DecideNow, ObservePureStep } from './turn/pure-steps.ts';

/**
 * What the stages of a turn use: the rules of the site, the memory of accounts, and everything with
 * effects.
 */
export interface TurnDependencies {
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /**
   * Reads an account without judging its user and home: its outcome is written even if these are no
   * longer valid.
   */
  readonly readStanding: ReadEntry;
  /** Several services work on these accounts, each uid under a lease. */
  readonly underLeases: boolean;
  readonly leases: Leases;
  /** When a failed attempt is repeated. It may change while the service runs. */
  readonly retry: () => RetryPolicy;
  readonly open: OpenAccounts;
  /** Reports the accounts that left. */
  readonly left: Pick<LeftAccounts, 'left' | 'seen'>;
  /** The accounts in the stream. */
  readonly accounts: AccountsInStream;
  /** Holds the accounts before their turns while the service is paused. */
  readonly gate: Gate;
  readonly directory: AccountDirectory;
  /** How the server in use refuses late requests. */
  readonly fencing: () => Fencing;
  /** Returns a day as a fencing token. It is unlikely that the same day was used recently. */
  readonly newToken: () => string;
  /** Decides about an account by the circumstances of this moment. */
  readonly decideNow: DecideNow;
  /** Called with each pure step of a turn. */
  readonly observePureStep: ObservePureStep;
  /**
   * Resolves to the objection of this host's user database to the account; undefined if there is
   * none. Rejects when the service stops.
   */
  readonly objection: (record: AccountRecord) => Promise<string | undefined>;
  readonly runHandler: RunHandler;
  /**
   * The wait for a directory that does not answer. `delay` returns the length of the wait after the
   * nth failure, in milliseconds; `wait` waits.
   */
  readonly away: { delay(failures: number): number; wait(milliseconds: number, until: AbortSignal): Promise<void> };
  readonly report: Report;
  /** Aborted when the service must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted when no new work is to be started, at the latest together with `signal`. */
  readonly draining: AbortSignal;
  readonly nextJobId: () => string;
  /**
   * The time in milliseconds since 1970. It is for people only: durations are measured by
   * `monotonic`.
   */
  readonly now: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly monotonic: () => number;
  /** The value of the state attribute for a success that ends now, `YYYYMMDDThhmmssZ`. */
  readonly stateNow: () => string;
}
