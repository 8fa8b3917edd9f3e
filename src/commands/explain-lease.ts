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

/** What is known besides the lease. */
export interface KnownServices {
  readonly here: HolderHost;
  /** The holders whose presence entries do not say that they are gone. */
  readonly present: readonly string[];
}

/**
 * Lines about the lease of a uid: who has it, what that means and what to do. No lines with
 * `instances: one`, and none for a uid that no service works on.
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
          `The directory says it was written ${fullTime(isoTime(writtenAt))}, by its own clock; no service decides by that.`,
        ];
  return [`The lease ${is}.`, ...written, `Next: ${next}.`];
}

function wordsOf(lease: LeaseReading, services: KnownServices): { is: string; next: string } {
  switch (lease.is) {
    case 'free':
      return {
        is: 'is free: no service works on the uid',
        next: 'nothing; if the account is in work all the same, a service takes the lease after one duration',
      };
    case 'left':
      return {
        is: 'is left: its service stopped before the work was done',
        next: 'nothing, if a service runs: it takes the lease at once',
      };
    case 'missing':
      return {
        is: 'does not exist, or directory.bindDn may not read it: no service has worked on the uid, or it was deleted',
        next: 'nothing: a service creates it again; if the account is in work, after one duration',
      };
    case 'unclear':
      return { is: "is nobody's", next: lease.reason };
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
    : `is kept ${who} (${parts}) over a pause before attempt ${lease.attempt}`;
}

/** An age would compare clocks of two hosts, so only the service that waits can tell one. */
function takeOverWords({ is, holder, duration }: Holding, { present }: KnownServices): string {
  const rule = `another service takes it over when it has seen it unchanged for ${humanDuration(duration)} by its own clock`;
  if (!present.includes(holder)) {
    return `its service has stopped, or has another holder lock since: ${rule}; status of another service shows how long it waits`;
  }
  const goesOn = is === 'held' ? 'while its service renews it' : 'until the pause ends';
  return `nothing ${goesOn}; ${rule}; status of another service shows whether it is there`;
}
