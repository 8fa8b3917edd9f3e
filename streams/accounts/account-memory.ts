import { longestPause, type RetryPolicy } from '../../src/domain/retry.ts';
import { AccountVersions } from './account-versions.ts';
import { ForeignClaims } from './foreign-claims.ts';
import { OpenAccounts } from './open-accounts.ts';
import { OthersWork } from './others-work.ts';

export interface AccountMemoryOptions {
  readonly instances: 'one' | 'several';
  /** The longest time that a handler may take, in milliseconds. */
  readonly longestHandlerMilliseconds: number;
  readonly retry: RetryPolicy;
  /**
   * How long an account waits if the server in use shows an older version of it than is known, in
   * milliseconds.
   */
  readonly behindAfterMilliseconds: number;
  /** A monotonic clock, in milliseconds. */
  readonly monotonic: () => number;
  /**
   * A lower bound of the directory's clock, in milliseconds since 1970; undefined if it is not
   * known yet.
   */
  readonly directoryTime: () => number | undefined;
  /**
   * The number of accounts whose newest version is remembered. The one that was seen longest ago is
   * forgotten first.
   */
  readonly rememberedVersions?: number;
}

/** Returns an empty memory of the open accounts, with the rules for one service or for several. */
export function accountMemory(options: AccountMemoryOptions): OpenAccounts {
  const { instances, longestHandlerMilliseconds, retry, monotonic, directoryTime } = options;
  const others =
    instances === 'one'
      ? new ForeignClaims(longestHandlerMilliseconds + longestPause(retry), monotonic)
      : new OthersWork(longestHandlerMilliseconds, directoryTime);
  return new OpenAccounts({ others, versions: new AccountVersions(options) });
}
