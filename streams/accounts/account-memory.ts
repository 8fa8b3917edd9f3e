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
   * How long an account waits that the server in use shows older than it is known, in milliseconds.
   */
  readonly behindAfterMilliseconds: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonic: () => number;
  /** The directory's clock, at least, in milliseconds since 1970; undefined: not known yet. */
  readonly directoryTime: () => number | undefined;
  /**
   * Of how many accounts the newest version is remembered; the one that was seen longest ago is
   * forgotten first.
   */
  readonly rememberedVersions?: number;
}

/**
 * An empty memory of the accounts among the searched content, by the rules for one service or for
 * several.
 */
export function accountMemory(options: AccountMemoryOptions): OpenAccounts {
  const { instances, longestHandlerMilliseconds, retry, monotonic, directoryTime } = options;
  const others =
    instances === 'one'
      ? new ForeignClaims(longestHandlerMilliseconds + longestPause(retry), monotonic)
      : new OthersWork(longestHandlerMilliseconds, directoryTime);
  return new OpenAccounts({ others, versions: new AccountVersions(options) });
}
