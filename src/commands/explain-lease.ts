import { DirectoryError } from '../domain/directory-error.ts';
import { type LeaseReading, MISSING, readHolder } from '../domain/lease.ts';
import { isoTime } from '../domain/timestamp.ts';
import { faultOfUid } from '../domain/uid.ts';
import { visible } from '../domain/visible.ts';
import { leaseStore, type ShownLease } from '../ldap/lease-store.ts';
import { type HolderHost, thisHost } from '../lock/holder-lock.ts';
import { holderName } from '../observability/holder-name.ts';
import { fullTime, humanDuration } from '../observability/human-time.ts';
import type { DirectorySession } from './directory-session.ts';
import { placeOfHolder } from './holder-words.ts';

/** What is known in addition to the lease. */
export interface KnownServices {
  readonly here: HolderHost;
  /** The holders whose presence entries do not say that they have stopped. */
  readonly present: readonly string[];
}

/**
 * Returns lines about the lease of a uid: who holds it, what that means and what to do. Returns no
 * lines with `instances: one`, or for a uid that no service can work with.
 */
export async function explainLease({ settings, directory }: DirectorySession, uid: string): Promise<string[]> {
  const { base } = settings.leases;
  if (settings.instances !== 'several' || base === null || faultOfUid(uid) !== undefined) return [];
  const lane = uid.toLowerCase();
  const store = leaseStore(directory, base);
  try {
    const [found, presences] = await Promise.all([store.show([lane]), store.presences()]);
    const shown = found.get(lane) ?? { lease: MISSING, writtenAt: undefined };
    const present = presences.map(({ holder }) => holder);
    return described(`cn=${lane},${base}`, leaseLines(shown, { here: await thisHost(), present }));
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return described(`cn=${lane},${base}`, [`The lease cannot be read: ${error.message}.`]);
  }
}

function described(dn: string, lines: readonly string[]): string[] {
  return [visible(dn), ...lines.map((line) => `  ${visible(line)}`), ''];
}

/** The sentences about a lease. */
export function leaseLines({ lease, writtenAt }: ShownLease, services: KnownServices): string[] {
  const { is, next } = wordsOf(lease, services);
  const written =
    writtenAt === undefined
      ? []
      : [
          `According to the directory it was written ${fullTime(isoTime(writtenAt))}, by the clock of the directory; no service decides by this time.`,
        ];
  return [`The lease ${is}.`, ...written, `Next: ${next}.`];
}

function wordsOf(lease: LeaseReading, services: KnownServices): { is: string; next: string } {
  switch (lease.is) {
    case 'free':
      return {
        is: 'is free: no service works on the uid',
        next: 'nothing; if the account is in work nevertheless, a service takes the lease after leases.duration',
      };
    case 'left':
      return {
        is: 'is left: its service stopped before the work was done',
        next: 'nothing, if a service runs: it takes the lease at once',
      };
    case 'missing':
      return {
        is: 'does not exist, or directory.bindDn may not read it: no service has worked on the uid, or it was deleted',
        next: 'nothing: a service creates it when it is needed; if the account is in work, after leases.duration',
      };
    case 'unclear':
      return { is: 'cannot be read as a lease', next: lease.reason };
    case 'held':
    case 'paused':
      return { is: holdingWords(lease, services), next: takeOverWords(lease, services) };
  }
}

type Holding = Extract<LeaseReading, { readonly is: 'held' | 'paused' }>;

function holdingWords(lease: Holding, { here }: KnownServices): string {
  const boot = readHolder(lease.holder)?.boot;
  const who = `by ${holderName(lease.holder)}, ${placeOfHolder(lease.holder, here)}`;
  const parts = [...(boot === undefined ? [] : [`boot ${boot}`]), `job ${lease.job}`].join(', ');
  return lease.is === 'held'
    ? `is held ${who} (${parts}): it works on the uid`
    : `is kept ${who} (${parts}) during a pause before attempt ${lease.attempt}`;
}

/**
 * What has to happen before another service takes the lease over. It shows no age, because this
 * host did not watch the lease: only the service that waits knows how long the lease has been
 * unchanged.
 */
function takeOverWords({ is, holder, duration }: Holding, { present }: KnownServices): string {
  const rule = `another service takes the lease over when it has seen the lease unchanged for ${humanDuration(duration)} by its own clock`;
  if (!present.includes(holder)) {
    return `nothing: its service has stopped, or has another holder lock now; ${rule}; status of that service shows how long it has waited`;
  }
  const until = is === 'held' ? 'while its service renews it' : 'until the pause ends';
  return `nothing ${until}; ${rule}; status of another service shows whether the holder is present`;
}
