import type { Stamp } from './identity.ts';
import type { LastSeen } from './other-services.ts';
import { claimedAtOf, type OwnWrite } from './own-write.ts';

/** What is remembered of an account among the searched content. */
export interface OpenAccount {
  readonly dn: string;
  readonly uid: string;
  /** The latest snapshot when it was seen last. */
  readonly seenIn: number;
  readonly fingerprint: string;
  /** It was a request whose entry still had the return value of the attempt before. */
  readonly keepsReturnValue: boolean;
  /**
   * Which version of the entry the stream, a refresh or an own write told of last; undefined where
   * only lists did.
   */
  readonly version: string | undefined;
  /** A request came into sight that is newer than this service's own last write. */
  readonly askedAgain: boolean;
  readonly ownWrite: OwnWrite;
}

/** How this service left an account that it finished, right before that. */
export interface FinishedAccount {
  /** The fingerprint of its last write before. */
  readonly written: string;
  readonly stamp: Stamp;
  /** The latest snapshot then: what it shows may be older. */
  readonly duringSnapshot: number;
}

/** An account that is no longer among the searched content. */
export interface Left {
  readonly id: string;
  readonly dn: string;
  readonly uid: string;
  readonly working: boolean;
}

/** What other services' work is judged by. */
export function lastSeenOf({ uid, keepsReturnValue, fingerprint, version, ownWrite }: OpenAccount): LastSeen {
  return {
    uid,
    keepsReturnValue,
    fingerprint,
    version,
    ownSince: claimedAtOf(ownWrite),
    claiming: ownWrite.at === 'claiming',
  };
}
