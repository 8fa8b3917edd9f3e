import { counted } from '../domain/counted.ts';
import type { NotifyStatus } from '../domain/notify.ts';
import type { ConnectionStatus, FailureGroup, OutletHealth, ServicePhase, ServiceSnapshot } from '../domain/status.ts';
import { visible } from '../domain/visible.ts';
import { type Colour, paint } from '../observability/colour.ts';
import { ageAt, causeWords, pauseWords, queueWords, retryWords, workWords } from '../observability/condition-words.ts';
import { withoutUrl } from '../observability/describe-event.ts';
import { humanDuration, localTime, readableStamp, zoneName } from '../observability/human-time.ts';
import { wrap } from '../observability/wrap.ts';
import { leaseFields, otherLeaseRows, waitedFor } from './lease-screen.ts';
import { type Block, fitted } from './screen-blocks.ts';
import { canaryWords, outletWords, troublesOf } from './troubles.ts';

export interface ScreenOptions {
  readonly colour: boolean;
  /** The size of the terminal. Longer texts are wrapped within their column, and lists are cut. */
  readonly columns: number;
  readonly rows: number;
}

const PHASES: Readonly<Record<ServicePhase, { readonly words: string; readonly colour: Colour }>> = {
  starting: { words: 'starting: not connected yet', colour: 'yellow' },
  refreshing: { words: 'connected, listing the open accounts', colour: 'yellow' },
  live: { words: 'connected and up to date', colour: 'green' },
  reconnecting: { words: 'NOT CONNECTED', colour: 'red' },
  draining: { words: 'stopping: running scripts finish', colour: 'yellow' },
  stopped: { words: 'stopped', colour: 'red' },
};

/** The phase of the service in words. */
export function phaseWords(phase: ServicePhase): string {
  return PHASES[phase].words;
}

/** The status on one screen, for people. */
export function renderStatus(status: ServiceSnapshot, { colour, columns, rows }: ScreenOptions): string {
  const head = [
    ...wrap(headline(status), columns).map((line) => paint(line, headColour(status), colour)),
    ...pauseLines(status).flatMap(([name, words]) => field(name, words, columns)),
    ...connectionLines(status).flatMap(([name, words]) => field(name, words, columns)),
    ...serviceLines(status).flatMap(([name, words]) => field(name, words, columns)),
    ...countLines(status, columns, colour),
  ];
  const blocks = blocksOf(status).filter(({ count }) => count > 0);
  // The last row of the terminal is left for the prompt.
  const below = fitted(blocks, { columns, rows: rows - 1 - head.length, colour });
  return [...head, ...below].join('\n');
}

function headline(status: ServiceSnapshot): string {
  const { phase, since } = status.connection;
  const { time } = status;
  const troubles = troublesOf(status);
  if (phase === 'live' && troubles.length > 0) return `connected, but ${troubles.join(', and ')}`;
  const when = since === undefined ? '' : `, for ${ageAt(time)(since)} (since ${localTime(since, time)})`;
  return `${PHASES[phase].words}${when}`;
}

function headColour(status: ServiceSnapshot): Colour {
  const { phase } = status.connection;
  return phase === 'live' && troublesOf(status).length > 0 ? 'red' : PHASES[phase].colour;
}

type Field = readonly [name: string, words: string];

function pauseLines({ pauses, time }: ServiceSnapshot): Field[] {
  return pauses.map((pause) => ['paused', pauseWords(pause, time)] as const);
}

function connectionLines({ connection, time }: ServiceSnapshot): Field[] {
  const { url, protocol, server, reason, remedy, attempt, refreshedAt, refreshedEntries } = connection;
  const list =
    refreshedAt === undefined
      ? undefined
      : `${counted(refreshedEntries ?? 0, 'open account')} listed ${ageAt(time)(refreshedAt)} ago`;
  // The part after the semicolon says why this protocol was chosen. `check` and --json show that,
  // too.
  const [name] = server === undefined ? [] : server.split(';');
  const how = [url, protocol, name, list].filter((part) => part !== undefined);
  return [
    ...(url === undefined ? [] : [['directory', how.join(', ')] as const]),
    ...(reason === undefined ? [] : [['reason', reasonOf(connection)] as const]),
    ...(remedy === undefined ? [] : [['to do', remedy] as const]),
    ...(attempt === undefined ? [] : [['attempt', String(attempt)] as const]),
  ];
}

function reasonOf({ reason = '', url }: ConnectionStatus): string {
  return withoutUrl(reason, url);
}

function serviceLines(status: ServiceSnapshot): Field[] {
  const { version, startedAt, time, slots, busy, counts, attempts, oldest, rates } = status;
  const age = ageAt(time);
  const queue = counts.queued === 0 ? '' : `; ${counts.queued} queued, the first for ${age(oldest.queued)}`;
  const times = attempts.map(({ mode, p50, p95 }) => `${mode} ${humanDuration(p50)} / ${humanDuration(p95)}`);
  return [
    ['service', `version ${version}, up for ${age(startedAt)}; times are ${zoneName(time)}`],
    ['workers', `${busy} of ${slots} busy${queue}`],
    ...(times.length === 0 ? [] : [['p50 / p95', times.join(', ')] as const]),
    [
      `${rates.map(({ minutes }) => minutes).join('/')} min`,
      (['requests', 'finished', 'failed'] as const)
        .map((what) => `${what} ${rates.map((rate) => rate[what === 'requests' ? 'received' : what]).join('/')}`)
        .join(', '),
    ],
    ...leaseFields(status.leases),
    ...(status.canary === undefined ? [] : [['canary', canaryWords(status.canary, time)] as const]),
    ...outletLines(status.outlets),
    ...notifyLines(status.notify),
  ];
}

/** Returns no lines while the outlets have lost nothing and have free space. */
function outletLines(outlets: readonly OutletHealth[]): Field[] {
  return outlets.flatMap((outlet) => {
    const words = outletWords(outlet);
    return words === undefined ? [] : [[outlet.outlet, words] as const];
  });
}

/** Returns no lines while all notifications are delivered. */
function notifyLines(notify: NotifyStatus | undefined): Field[] {
  return (notify?.receivers ?? []).flatMap(({ receiver, target, queued, lost, failure }) => {
    if (failure === undefined && lost === 0) return [];
    const now = failure === undefined ? 'being sent again' : `NOT SENT (${failure})`;
    return [['notify', `${receiver} to ${target} is ${now}: ${queued} queued, ${lost} lost`] as const];
  });
}

const NAME_COLUMN = 11;

/** Renders a name and a text. The text is wrapped within its column. */
function field(name: string, words: string, columns: number): string[] {
  const [first = '', ...others] = wrap(visible(words), columns - NAME_COLUMN);
  return [name.padEnd(NAME_COLUMN) + first, ...others.map((line) => ' '.repeat(NAME_COLUMN) + line)];
}

function countLines({ counts }: ServiceSnapshot, columns: number, colour: boolean): string[] {
  const { open, failed, inWork, retrying, queued, deferred, waiting } = counts;
  const all = { open, failed, 'in work': inWork, retrying, queued, deferred, waiting };
  const text = Object.entries(all).map(([name, count]) => `${name} ${count}`);
  // A line break must not separate a name from its number.
  const lines = wrap(text.map((part) => part.replaceAll(' ', '\u00a0')).join('  '), columns);
  const painted = (line: string) =>
    line
      .replaceAll('\u00a0', ' ')
      .replace(
        /\b(failed )?([1-9]\d*)/g,
        (_, name = '', count) => name + paint(count, name === '' ? 'bold' : 'red', colour),
      );
  return lines.map(painted);
}

function blocksOf(status: ServiceSnapshot): Block[] {
  const { counts, time } = status;
  const age = ageAt(time);
  const digits = String(Math.max(0, ...status.failures.map(({ count }) => count))).length;
  return [
    {
      title: `${counted(counts.failed, 'account')} failed, until requested again (retry; status --failed)`,
      count: status.failures.length,
      gap: ' ',
      weight: 2,
      rows: status.failures.map((group) => [
        `${String(group.count).padStart(digits)} x`,
        `${causeWords(group)}${failedWhen(group, time)}`,
      ]),
    },
    {
      title: 'in work',
      count: counts.inWork,
      rows: [...status.inWork]
        .sort((one, other) => Number(other.stuck) - Number(one.stuck))
        .map((account) => [account.uid, account.mode, age(account.since), workWords(account, time)]),
    },
    {
      title: 'retrying',
      count: counts.retrying,
      rows: status.retrying.map((account) => [account.uid, account.mode, retryWords(account, time)]),
    },
    {
      title: `queued: ${queueWords(status)}`,
      count: counts.queued,
      rows: status.queued.map(({ uid, mode, since }) => [uid, mode, age(since)]),
    },
    {
      title: 'waiting',
      count: counts.waiting,
      rows: status.waiting.map(({ uid, mode, since, reason }) => [uid, mode, age(since), reason]),
    },
    {
      title: 'deferred',
      count: counts.deferred,
      rows: status.deferred.map(({ uid, mode, until }) => [uid, mode, `until ${readableStamp(until)}`]),
    },
    {
      title: 'accounts whose lease another service holds',
      count: waitedFor(status.leases),
      rows: otherLeaseRows(status.leases),
    },
  ];
}

/** The number of uids that are shown for a cause. */
const NAMED = 2;

function failedWhen({ first, uids, count }: FailureGroup, now: string): string {
  const who = `${uids.slice(0, NAMED).join(' ')}${count > Math.min(NAMED, uids.length) ? ' ...' : ''}`;
  return `${first === undefined ? '' : `, since ${localTime(first, now)}`}: ${who}`;
}
