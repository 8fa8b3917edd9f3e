import { counted } from '../domain/counted.ts';
import { pausedBy } from '../domain/pause.ts';
import {
  type CanaryStatus,
  FEW_FREE_BYTES,
  type OutletHealth,
  type PauseStatus,
  type ServiceSnapshot,
} from '../domain/status.ts';
import { ageAt } from '../observability/condition-words.ts';
import { humanSize } from '../observability/human-size.ts';
import { humanDuration } from '../observability/human-time.ts';
import { CommandExit } from './run-action.ts';

/** What prevents a connected service from working or from reporting, in a few words each. */
export function troublesOf(status: ServiceSnapshot): string[] {
  const failing = status.outlets.filter(({ failure }) => failure !== undefined);
  const unsent = (status.notify?.receivers ?? []).filter(({ failure }) => failure !== undefined);
  return [
    ...status.pauses.slice(0, 1).map((pause) => pauseWords(pause, status.time)),
    ...(status.stuck > 0 ? [stuckWords(status)] : []),
    ...(status.canary?.late ? ['the canary is LATE'] : []),
    ...failing.map(({ outlet }) => `the ${outlet} CANNOT BE WRITTEN`),
    ...unsent.map(({ receiver }) => `the ${receiver} CANNOT BE SENT`),
  ];
}

/** `PAUSED by alice for 3 min`. */
function pauseWords(pause: PauseStatus, time: string): string {
  const what = pause.holds === 'everything' ? 'PAUSED' : 'deletes are PAUSED';
  return `${what} ${pausedBy(pause)} for ${ageAt(time)(pause.since)}`;
}

function stuckWords({ stuck, inWork, time }: Pick<ServiceSnapshot, 'stuck' | 'inWork' | 'time'>): string {
  const [longest] = inWork
    .filter((account) => account.stuck)
    .map(({ begunAt }) => begunAt)
    .sort();
  const much = counted(stuck, 'account', ['is', 'are']);
  return `${much} STUCK in work, for ${ageAt(time)(longest)}`;
}

/**
 * What is wrong with an outlet: `cannot be written (ENOSPC): 12 lines were lost, check /var/log`.
 * undefined: it has lost nothing and has free space.
 */
export function outletWords({ where, lost, failure, freeBytes }: OutletHealth): string | undefined {
  const much = `${counted(lost, 'line', ['was', 'were'])} lost`;
  if (failure !== undefined) return `cannot be written (${failure}): ${much}, check ${where}`;
  if (lost > 0) return `is written again: ${much}, check ${where}`;
  if (freeBytes !== undefined && freeBytes < FEW_FREE_BYTES)
    return `only ${humanSize(freeBytes)} are free, check ${where}`;
  return undefined;
}

/** `answered in 12 ms, 3 s ago`. */
export function canaryWords({ answeredAt, milliseconds, failure, late, dn }: CanaryStatus, now: string): string {
  const took = milliseconds === undefined ? '' : ` in ${humanDuration(milliseconds)}`;
  const last = answeredAt === undefined ? 'not answered yet' : `answered${took}, ${ageAt(now)(answeredAt)} ago`;
  const about = late || failure !== undefined ? `; its entry is ${dn}` : '';
  return `${last}${failure === undefined ? '' : `; it cannot be requested: ${failure}`}${about}`;
}

/** The exit code of `status`, for monitoring. It says whether the service needs attention. */
export function exitCodeFor(status: ServiceSnapshot): number {
  return status.ready && troublesOf(status).length === 0 ? CommandExit.OK : CommandExit.NOT_OK;
}
