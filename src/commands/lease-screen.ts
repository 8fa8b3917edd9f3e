import type { LeasesStatus, OtherService } from '../domain/lease-status.ts';
import { holderName } from '../observability/holder-name.ts';
import { humanDuration } from '../observability/human-time.ts';

/** The lines about leases and the other services. There are none with `instances: one`. */
export function leaseFields(leases: LeasesStatus | undefined): ReadonlyArray<readonly [name: string, words: string]> {
  if (leases === undefined) return [];
  const { held, paused, oldestRenewalMilliseconds: oldest, services } = leases;
  const age = oldest === undefined ? '' : `, the oldest renewed ${humanDuration(oldest)} ago by this service's clock`;
  const own = `${held} held${age}${paused === 0 ? '' : `; ${paused} kept over a pause`}`;
  // Presence entries are never deleted. So services that were killed long ago are only counted.
  const shown = services.filter(({ state, waitedFor }) => state === 'present' || waitedFor > 0);
  const silent = services.length - shown.length;
  const words = [...shown.map(serviceWords), ...(silent === 0 ? [] : [`${silent} silent`])];
  return [
    ['leases', own],
    ['others', words.length === 0 ? 'no other service is there' : words.join('; ')],
  ];
}

function serviceWords({ holder, state, unchangedMilliseconds = 0, waitedFor }: OtherService): string {
  const what = {
    present: 'is there',
    silent: `is SILENT for ${humanDuration(unchangedMilliseconds)}`,
    absent: 'is gone',
  }[state];
  const accounts = waitedFor === 1 ? '1 account' : `${waitedFor} accounts`;
  return `${holderName(holder)} ${what}${waitedFor === 0 ? '' : ` and has ${accounts} of those here`}`;
}

/**
 * The leases of other services that accounts wait for, and for how long each was seen unchanged.
 */
export function otherLeaseRows(leases: LeasesStatus | undefined): ReadonlyArray<readonly string[]> {
  return (leases?.others ?? []).map(({ uid, holder, is, unchangedMilliseconds = 0 }) => [
    uid,
    holderName(holder),
    `${is}, unchanged here for ${humanDuration(unchangedMilliseconds)}`,
  ]);
}

/** The number of leases that are waited for, also of those that were not sent. */
export function waitedFor(leases: LeasesStatus | undefined): number {
  return (leases?.services ?? []).reduce((sum, service) => sum + service.waitedFor, 0);
}
