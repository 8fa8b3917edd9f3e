import type { LeaseReading } from '../domain/lease.ts';

/** What the lease of an account says. */
interface FoundLease {
  readonly is: LeaseReading['is'];
  /** The service that holds the lease, or keeps it during a pause. */
  readonly holder?: string;
}

/**
 * Why an account is not finished. The first four kinds need attention (`owed`). `deferred` and
 * `waiting` are intended.
 */
export type FindingKind = 'open' | 'in work' | 'failed' | 'not workable' | 'deferred' | 'waiting';

export const OWED: Readonly<Record<FindingKind, boolean>> = {
  open: true,
  'in work': true,
  failed: true,
  'not workable': true,
  deferred: false,
  waiting: false,
};

/** One account that is not finished. */
export interface Finding {
  readonly kind: FindingKind;
  readonly owed: boolean;
  readonly uid: string | null;
  readonly dn: string;
  readonly mode: string | null;
  /**
   * Seconds since the last write: this host's clock minus the entry's modifyTimestamp. null without
   * one.
   */
  readonly ageSeconds: number | null;
  /** When the entry was last written, according to its modifyTimestamp; null without one. */
  readonly since: string | null;
  readonly returnValue: number | null;
  readonly reason: string;
  /** The lease of an account that is open or in work, if services work under leases. */
  readonly lease?: FoundLease;
}
