import type { AccountRecord } from '../../src/domain/account.ts';

/**
 * How an account was seen: as a change, as part of a refresh, which begins anew, or of a list
 * beside the stream.
 */
export type SeenBy = 'stream' | 'refresh' | 'list';

/** How an account was known before. */
export interface LastSeen {
  readonly uid: string;
  /** Whether it was a request with a return value. */
  readonly keepsReturnValue: boolean;
  readonly fingerprint: string;
  /**
   * Which version of the entry the stream, a refresh or an own write told of last; undefined where
   * only lists did.
   */
  readonly version: string | undefined;
  /**
   * The directory's stamp of this service's own last claim, while no outcome of it is written:
   * until that is older than any handler may take, no other service takes the account.
   */
  readonly ownSince: number | undefined;
  /**
   * This service's own claim is under way: what looks like its echo may as well be another
   * service's claim.
   */
  readonly claiming: boolean;
}

export interface SightContext {
  readonly by: SeenBy;
  /** As it was known until now. */
  readonly before: LastSeen | undefined;
  /** This service claimed the account last, and no outcome of that is written. */
  readonly unfinished: boolean;
  /**
   * The account reads as this service left it in work, but the version is not its own. Somebody
   * changed another attribute, or another service took the account over, which it does after the
   * longest time that a handler may take.
   */
  readonly readsAsOwn: boolean;
}

/** What this service knows of the work of other services on the same accounts. */
export interface OtherServices {
  /**
   * An account came into sight, or changed, and that is not the echo of this service's own claim.
   * True where that shows a claim of another service which ought not to be there.
   */
  sighted(id: string, record: AccountRecord, how: SightContext): boolean;
  /**
   * It was read, not told, that another service is at work on the account. True as for `sighted`.
   */
  learnt(id: string, record: AccountRecord): boolean;
  /** Nobody else is at work on the account. */
  ended(id: string, uid: string): void;
  /** The account is no longer among the searched content. */
  lostSight(id: string, uid: string): void;
  /**
   * For how much longer another service may be at work on the account, or on another entry with its
   * uid, in milliseconds; 0 or less where none is.
   */
  timeLeft(id: string, record: AccountRecord, lastSeen: LastSeen | undefined): number;
  /**
   * Whether a claim of another service on the account, or on its uid, was seen and may still be
   * worked on.
   */
  isAtWork(id: string, record: AccountRecord): boolean;
}
