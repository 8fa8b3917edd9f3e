import type { AccountRecord } from '../../src/domain/account.ts';

/**
 * How an account was seen: in a change, in a refresh, or in a list. Before a refresh, changes may
 * have been missed.
 */
export type SeenBy = 'stream' | 'refresh' | 'list';

/** What was known of an account before a sight. */
export interface LastSeen {
  readonly uid: string;
  /** Whether it was a request with a return value. */
  readonly keepsReturnValue: boolean;
  readonly fingerprint: string;
  /**
   * The version of the entry that the stream, a refresh or an own write showed last; undefined if
   * only lists did.
   */
  readonly version: string | undefined;
  /**
   * The directory's time of this service's own last claim, while its outcome is not written. Other
   * services take the account over only when that is older than any handler may take.
   */
  readonly ownSince: number | undefined;
  /**
   * True if this service's own claim is under way: what looks like its echo may be another
   * service's claim.
   */
  readonly claiming: boolean;
}

export interface SightContext {
  readonly by: SeenBy;
  /** The account as it was known before this sight. */
  readonly before: LastSeen | undefined;
  /** True if this service claimed the account last, and the outcome is not written. */
  readonly unfinished: boolean;
  /**
   * True if the account reads as this service left it in work, but has another version. Either
   * another attribute was changed, or another service took the account over, which it does only
   * after the longest time that a handler may take.
   */
  readonly readsAsOwn: boolean;
}

/** What this service knows of the work of other services on the same accounts. */
export interface OtherServices {
  /**
   * To be called with a sight of an account that is not an echo of this service's own claim.
   * Returns true if it shows a claim of another service that should not exist.
   */
  sighted(id: string, record: AccountRecord, how: SightContext): boolean;
  /**
   * To be called when a read, not a change, has shown that another service is at work on the
   * account. Returns as `sighted`.
   */
  learnt(id: string, record: AccountRecord): boolean;
  /** To be called when no other service is at work on the account. */
  ended(id: string, uid: string): void;
  /** To be called when the account is no longer open. */
  lostSight(id: string, uid: string): void;
  /**
   * Returns how much longer another service may be at work on the account, or on another entry with
   * its uid, in milliseconds; 0 or less if none is.
   */
  timeLeft(id: string, record: AccountRecord, lastSeen: LastSeen | undefined): number;
  /**
   * Whether a claim of another service on the account or its uid was seen and may still be worked
   * on.
   */
  isAtWork(id: string, record: AccountRecord): boolean;
}
