import { DirectoryError } from '../domain/directory-error.ts';
import { type LeaseReading, MISSING } from '../domain/lease.ts';
import { leaseStore } from '../ldap/lease-store.ts';
import { holderName } from '../observability/holder-name.ts';
import type { DirectorySession } from './directory-session.ts';
import type { Finding } from './finding.ts';

/** The number of leases that are read in one search. */
const AT_ONCE = 200;

/** A finding about an account whose lease a service may hold. */
export type LeasedFinding = Finding & { readonly uid: string };

/** Whether services work on accounts under leases. */
export function areLeased({ settings }: DirectorySession): boolean {
  return settings.instances === 'several' && settings.leases.base !== null;
}

/**
 * Reads the leases of these accounts, and calls `take` for each finding with what its lease says.
 * If the leases cannot be read, the findings say so.
 */
export async function nameHolders(
  { directory, settings }: DirectorySession,
  findings: readonly LeasedFinding[],
  take: (finding: Finding) => void,
): Promise<void> {
  const store = leaseStore(directory, settings.leases.base ?? '');
  for (let at = 0; at < findings.length; at += AT_ONCE) {
    const some = findings.slice(at, at + AT_ONCE);
    const leases = await orError(store.show(some.map(({ uid }) => uid.toLowerCase())));
    for (const finding of some) {
      take(
        leases instanceof DirectoryError
          ? { ...finding, reason: `${finding.reason}; its lease cannot be read: ${leases.message}` }
          : withLease(finding, leases.get(finding.uid.toLowerCase())?.lease ?? MISSING),
      );
    }
  }
}

/** The finding with what the lease of its account says. */
export function withLease(finding: Finding, lease: LeaseReading): Finding {
  const words = leaseWords(lease, finding);
  const holder = lease.is === 'held' || lease.is === 'paused' ? { holder: lease.holder } : {};
  const reason = words === undefined ? finding.reason : `${finding.reason}; ${words}`;
  return { ...finding, reason, lease: { is: lease.is, ...holder } };
}

function leaseWords(lease: LeaseReading, { kind }: Finding): string | undefined {
  switch (lease.is) {
    case 'held':
      return `${holderName(lease.holder)} holds its lease`;
    case 'paused':
      return `${holderName(lease.holder)} holds its lease, during a pause before attempt ${lease.attempt}`;
    case 'unclear':
      return lease.reason;
    case 'left':
      return 'its lease is left: its service has stopped, and another service resumes the account';
    case 'free':
    case 'missing':
      // For an open account this is normal, so it is not mentioned.
      return kind === 'in work' ? `its lease is ${lease.is}, and does not say who works on it` : undefined;
  }
}

async function orError<T>(reading: Promise<T>): Promise<T | DirectoryError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DirectoryError) return error;
    throw error;
  }
}
