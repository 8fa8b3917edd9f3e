import type { LeaseReading } from '../domain/lease.ts';

/** What the lease of an account says. */
interface FoundLease {
  readonly is: LeaseReading['is'];
  /** Who holds it, or keeps it over a pause. */
  readonly holder?: string;
}

/**
 * Why an account is not settled. The first four need attention (`owed`); `deferred` and `waiting`
 * are intended.
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

/** One account that is not settled. */
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
  /** When it was written last, by its modifyTimestamp; null without one. */
  readonly since: string | null;
  readonly returnValue: number | null;
  readonly reason: string;
  /** Of an account that is open or in work, where services work under leases. */
  readonly lease?: FoundLease;
}
