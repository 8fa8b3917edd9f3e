import { AccountVersions } from './account-versions.ts';
import { ForeignClaims } from './foreign-claims.ts';
import { OpenAccounts } from './open-accounts.ts';

export interface AccountMemoryOptions {
  /** With several services a claim belongs to the holder of the lease. */
  readonly instances: 'one' | 'several';
  /** Returns the longest time between two writes of a service that works on an account. */
  readonly longestMilliseconds: () => number;
  /**
   * How long an account waits if the server in use shows an older version of it than is known, in
   * milliseconds.
   */
  readonly behindAfterMilliseconds: number;
  /** A monotonic clock, in milliseconds. */
  readonly monotonic: () => number;
  /**
   * The number of accounts whose newest version is remembered. The one that was seen longest ago is
   * forgotten first.
   */
  readonly rememberedVersions?: number;
}

/** Returns an empty memory of the open accounts. */
export function accountMemory(options: AccountMemoryOptions): OpenAccounts {
  const { instances, longestMilliseconds, monotonic } = options;
  const others = new ForeignClaims({
    longestMilliseconds,
    underLeases: instances === 'several',
    monotonic,
  });
  return new OpenAccounts({ others, versions: new AccountVersions(options) });
}
