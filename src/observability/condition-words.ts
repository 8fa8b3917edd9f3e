import { defined } from '../domain/defined.ts';
import type { LeaseStatus, LeasesStatus } from '../domain/lease-status.ts';
import { heldWords, pausedBy } from '../domain/pause.ts';
import { returnCodeName } from '../domain/return-code.ts';
import type {
  FailedStatus,
  FailureGroup,
  InWorkStatus,
  PauseStatus,
  RetryingStatus,
  ServiceSnapshot,
} from '../domain/status.ts';
import { requestedBy } from './describe-event.ts';
import { holderName } from './holder-name.ts';
import { humanDuration, localTime, readableStamp } from './human-time.ts';

/** Returns a function that says in words how long before `now` a time was. */
export function ageAt(now: string): (time: string | undefined) => string {
  return (time) => (time === undefined ? '?' : humanDuration(Math.max(0, Date.parse(now) - Date.parse(time))));
}

/**
 * What is being done for an account, and for how long: `STUCK: step script for 8 min, attempt 2`.
 */
export function workWords({ doing, step, stepSince, attempt, resumed, stuck }: InWorkStatus, now: string): string {
  const what = {
    claiming: 'is being claimed',
    working: step === undefined ? 'between two steps' : `step ${step} for ${ageAt(now)(stepSince)}`,
    writing: 'writes the outcome',
  }[doing];
  const parts = [what, ...(attempt > 1 ? [`attempt ${attempt}`] : []), ...(resumed ? ['resumed'] : [])];
  return `${stuck ? 'STUCK: ' : ''}${parts.join(', ')}`;
}

export function retryWords({ attempt, dueAt, since, reason }: RetryingStatus, now: string): string {
  const first = since === undefined ? '' : `; first failed at ${localTime(since, now)}`;
  return `attempt ${attempt} at ${localTime(dueAt, now)}: ${reason}${first}`;
}

/**
 * `6 "no space left" in script; requested by cn=admin`. Without last words, the reason is shown.
 */
export function failureWords({ returnValue, step, cause, reason, ...account }: FailedStatus): string {
  const words = causeWords({ returnValue, ...defined({ step, cause }) });
  const what = cause === undefined && step !== undefined ? `${words}: ${withoutName(reason, returnValue)}` : words;
  return [what, requestedBy(account)].filter((part) => part !== undefined).join('; ');
}

/**
 * The cause of failures: code, last words and step. If the script printed nothing, the name of the
 * code is shown.
 */
export function causeWords({ returnValue, step, cause }: Pick<FailureGroup, 'returnValue' | 'step' | 'cause'>): string {
  const where = step === undefined ? '' : ` in ${step}`;
  if (cause !== undefined) return `${returnValue} "${cause}"${where}`;
  const name = returnCodeName(returnValue);
  return `${returnValue}${name === undefined ? '' : ` ${name}`}${where}`;
}

/**
 * The reason without the name of the code at its beginning, because the name is shown next to it.
 */
export function withoutName(reason: string, returnValue: number): string {
  const name = `${returnCodeName(returnValue)}: `;
  return reason.startsWith(name) ? reason.slice(name.length) : reason;
}

/** `waiting for a worker (8 of 8 busy)`, or the pause that holds the queue. */
export function queueWords({ busy, slots, pauses }: ServiceSnapshot): string {
  if (pauses.some(({ holds }) => holds === 'everything')) return 'held while the service is paused';
  const deletes = pauses.length === 0 ? '' : '; deletes are held';
  return `waiting for a worker (${busy} of ${slots} busy)${deletes}`;
}

/** `by alice since 02:10: no new work begins; disk is replaced`. */
export function pauseWords(pause: PauseStatus, now: string): string {
  return `${pausedBy(pause)} since ${localTime(pause.since, now)}: ${heldWords(pause)}; ${pause.reason}`;
}

/**
 * One line for each listed lease, with its holder. The ages are measured by the clock of the
 * service that was asked.
 */
function leaseLinesOf(leases: LeasesStatus | undefined): string[] {
  if (leases === undefined) return [];
  const age = ({ unchangedMilliseconds }: LeaseStatus) =>
    unchangedMilliseconds === undefined
      ? ''
      : `, unchanged for ${humanDuration(unchangedMilliseconds)} by the service's own clock`;
  return [
    ...leases.own.map((lease) => `lease ${lease.is} by this service${age(lease)}`),
    ...leases.others.map((lease) => `lease ${lease.is} by ${holderName(lease.holder)}${age(lease)}`),
  ];
}

/** One line for each account in the lists of the status, with what the service knows about it. */
export function conditionLines(status: ServiceSnapshot): string[] {
  const { time } = status;
  const since = (given: string | undefined) =>
    given === undefined ? '' : ` since ${localTime(given, time)} (${ageAt(time)(given)})`;
  return [
    // A pause says why an account that is due is queued.
    ...status.pauses.map((pause) => `paused ${pauseWords(pause, time)}`),
    ...status.inWork.map((account) => `in work${since(account.since)}: ${workWords(account, time)}`),
    ...status.queued.map((account) => `queued${since(account.since)}: ${queueWords(status)}`),
    ...status.retrying.map((account) => `retrying: ${retryWords(account, time)}`),
    ...status.failed.map((account) => `failed${since(account.since)}: ${failureWords(account)}`),
    ...status.waiting.map(({ since: begun, reason }) => `waiting${since(begun)}: ${reason}`),
    ...leaseLinesOf(status.leases),
    ...status.deferred.map(({ since: begun, until }) => `deferred${since(begun)}: until ${readableStamp(until)}`),
  ];
}
