import type { LastSeen } from './foreign-claims.ts';
import type { Stamp } from './identity.ts';
import type { OwnWrite } from './own-write.ts';

/** What is remembered of an open account. */
export interface OpenAccount {
  readonly dn: string;
  readonly uid: string;
  /** The number of the latest snapshot when it was seen last. */
  readonly seenIn: number;
  readonly fingerprint: string;
  /** True if a request came into sight that is newer than this service's own last write. */
  readonly askedAgain: boolean;
  readonly ownWrite: OwnWrite;
}

/** An account that this service has finished, as it was right before that write. */
export interface FinishedAccount {
  /** The fingerprint of the last write before that. */
  readonly written: string;
  readonly stamp: Stamp;
  /** The number of the latest snapshot at that time. That snapshot may show an older state. */
  readonly duringSnapshot: number;
}

/** An account that is no longer open. */
export interface Left {
  readonly id: string;
  readonly dn: string;
  readonly uid: string;
  readonly working: boolean;
}

/** Returns the facts by which the work of other services is judged. */
export function lastSeenOf({ uid, ownWrite }: OpenAccount): LastSeen {
  return { uid, claiming: ownWrite.at === 'claiming' };
}
