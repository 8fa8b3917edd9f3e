import { counted } from '../domain/counted.ts';
import type { LeasesStatus, OtherService } from '../domain/lease-status.ts';
import { holderName } from '../observability/holder-name.ts';
import { humanDuration } from '../observability/human-time.ts';

/** Returns the lines about leases and the other services. Returns none with `instances: one`. */
export function leaseFields(leases: LeasesStatus | undefined): ReadonlyArray<readonly [name: string, words: string]> {
  if (leases === undefined) return [];
  const { held, paused, oldestRenewalMilliseconds: oldest, services } = leases;
  const age = oldest === undefined ? '' : `, the oldest renewed ${humanDuration(oldest)} ago by this service's clock`;
  const own = `${held} held${age}${paused === 0 ? '' : `; ${paused} kept during a pause`}`;
  // Presence entries are never deleted, so services that were killed long ago still have one. They
  // are only counted.
  const shown = services.filter(({ state, waitedFor }) => state === 'present' || waitedFor > 0);
  const silent = services.length - shown.length;
  const words = [...shown.map(serviceWords), ...(silent === 0 ? [] : [`${silent} silent`])];
  return [
    ['leases', own],
    ['others', words.length === 0 ? 'no other service is present' : words.join('; ')],
  ];
}

function serviceWords({ holder, state, unchangedMilliseconds = 0, waitedFor }: OtherService): string {
  const what = {
    present: 'is present',
    silent: `is SILENT for ${humanDuration(unchangedMilliseconds)}`,
    absent: 'has stopped',
  }[state];
  return `${holderName(holder)} ${what}${waitedFor === 0 ? '' : `; ${counted(waitedFor, 'account')} here ${waitedFor === 1 ? 'waits' : 'wait'} for its leases`}`;
}

/**
 * The rows about leases of other services that accounts wait for, with how long each lease was seen
 * unchanged.
 */
export function otherLeaseRows(leases: LeasesStatus | undefined): ReadonlyArray<readonly string[]> {
  return (leases?.others ?? []).map(({ uid, holder, is, unchangedMilliseconds = 0 }) => [
    uid,
    holderName(holder),
    `${is}, seen unchanged for ${humanDuration(unchangedMilliseconds)}`,
  ]);
}

/**
 * The number of leases that accounts wait for, including those that the lists of the status leave
 * out.
 */
export function waitedFor(leases: LeasesStatus | undefined): number {
  return (leases?.services ?? []).reduce((sum, service) => sum + service.waitedFor, 0);
}
