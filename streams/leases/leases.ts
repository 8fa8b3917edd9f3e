import type { JobLease } from '../../src/domain/job.ts';
import type { LeaseReading } from '../../src/domain/lease.ts';
import { NO_SHARES, type Shares } from '../ready-lanes.ts';
import type { Purpose, Release } from './lease-state.ts';

/** The leases of the uids in work. Uids are compared without regard to case. */
export interface Leases extends Shares {
  /** Whether this service has the lease of the uid, and it has not lapsed. */
  isHeld(uid: string): boolean;
  /**
   * Whether an account that another service put in work may be resumed under the lease: the lease
   * was taken for an account in work, or from another service.
   */
  mayResume(uid: string): boolean;
  /**
   * Tries to take the lease of a uid that this service does not hold. Rejects with a DirectoryError
   * if the directory does not answer or refuses it, and with the reason of the abort.
   */
  take(uid: string, purpose: Omit<Purpose, 'since'>, until: AbortSignal): Promise<Taken>;
  /**
   * The number of the next attempt. If another service paused or left its work on the account, the
   * lease has the number; otherwise it is 1.
   */
  attempt(uid: string): number;
  /** Continues a `take` that was `foreign` until the lease is held. Rejects as `take` does. */
  untilHeld(uid: string, until: AbortSignal): Promise<void>;
  /**
   * Ends a `take` that was `foreign`, and resolves when it may be repeated. Rejects on the abort.
   */
  untilTakeable(uid: string, until: AbortSignal): Promise<void>;
  /**
   * Resolves within a second, with the next reading of all leases for which accounts wait. True if
   * no service has the lease. Rejects on the abort.
   */
  isSeenFree(uid: string, until: AbortSignal): Promise<boolean>;
  /**
   * Renews the lease now. Resolves to true if this service has had it since it was taken. Resolves
   * to false if another service may have had it, or the directory does not answer.
   */
  renew(uid: string): Promise<boolean>;
  /** The lease of a uid for the processes of its attempt; undefined if none is needed. */
  forJob(uid: string): (JobLease & { readonly lapsed: AbortSignal }) | undefined;
  /**
   * Gives the lease up, or keeps it during a pause. Does nothing if it is not held. The write
   * follows in the background.
   */
  release(uid: string, release: Release): void;
  /**
   * False while another service writes to another server: leases do not protect between two
   * servers.
   */
  readonly mayTake: boolean;
  /** Resolves when `mayTake` is true. Rejects on the abort. */
  untilMayTake(until: AbortSignal): Promise<void>;
  /**
   * To be called when nothing runs any more. Resolves when all releases are written, or after a few
   * seconds. No lease is taken afterwards.
   */
  close(): Promise<void>;
  /**
   * How long this service waits before it tries to take the lease, in milliseconds, so that not all
   * services try at once.
   */
  spread(uid: string): number;
}

export type Taken =
  | { readonly is: 'held' }
  /**
   * It may not be taken yet. Either another service has it, or its entry is no lease, or the
   * account is in work while the lease is free or missing. In the last case it is taken if it stays
   * so for `duration`, in milliseconds.
   */
  | { readonly is: 'foreign'; readonly lease: LeaseReading; readonly duration: number };

/** With `instances: one`: no lease is needed. */
export const NO_LEASES: Leases = {
  ...NO_SHARES,
  isHeld: () => true,
  mayResume: () => true,
  take: async () => ({ is: 'held' }),
  untilHeld: async () => {},
  attempt: () => 1,
  untilTakeable: async () => {},
  isSeenFree: async () => true,
  renew: async () => true,
  forJob: () => undefined,
  release: () => {},
  mayTake: true,
  untilMayTake: async () => {},
  close: async () => {},
  spread: () => 0,
};
