import { returnCodeName } from '../domain/return-code.ts';
import type { ConnectionStatus, JournalHealth, ServicePhase, ServiceSnapshot } from '../domain/status.ts';
import { type Colour, paint } from '../observability/colour.ts';
import { namedCode, withoutUrl } from '../observability/describe-event.ts';
import { humanDuration, readableStamp } from '../observability/human-time.ts';
import { visible } from '../observability/visible.ts';

export interface ScreenOptions {
  readonly colour: boolean;
  /** The height of the terminal. The lists of accounts are cut to fit. */
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

/** What the service is at, in words. */
export function phaseWords(phase: ServicePhase): string {
  return PHASES[phase].words;
}

/** The number of lines besides the lists, and of those around each list. */
const FIXED_LINES = 13;
const FEWEST_ROWS_OF_A_LIST = 3;

/** The status on one screen, for people. */
export function renderStatus(status: ServiceSnapshot, { colour, rows }: ScreenOptions): string {
  const { connection, counts } = status;
  const phase = PHASES[connection.phase];
  const age = ageAt(status.time);
  const lists = accountLists(status, age).filter(({ count }) => count > 0);
  const room = Math.max(FEWEST_ROWS_OF_A_LIST, Math.floor((rows - FIXED_LINES) / Math.max(1, lists.length)) - 2);

  return [
    `${paint(phase.words, phase.colour, colour)}${since(connection.since, age)}`,
    ...connectionLines(connection, age),
    `service    version ${visible(status.version)}, up for ${age(status.startedAt)}`,
    ...journalLines(status.journal),
    '',
    [
      ['open', counts.open],
      ['queued', counts.queued],
      ['in work', counts.inWork],
      ['retrying', counts.retrying],
      ['failed', counts.failed],
      ['deferred', counts.deferred],
      ['waiting', counts.waiting],
    ]
      .map(
        ([name, count]) => `${name} ${paint(String(count), name === 'failed' ? 'red' : 'bold', colour && count !== 0)}`,
      )
      .join('   '),
    ...(status.oldest.queued === undefined
      ? []
      : [`the first of the queue has waited for ${age(status.oldest.queued)}`]),
    '',
    'last           requests   claimed  finished    failed',
    ...status.rates.map(
      ({ minutes, received, claimed, finished, failed }) =>
        `${`${minutes} min`.padEnd(12)}${[received, claimed, finished, failed].map((count) => String(count).padStart(10)).join('')}`,
    ),
    ...lists.flatMap(({ title, count, lines }) => [
      '',
      paint(title, 'bold', colour),
      ...columns(lines.slice(0, room)),
      ...(count > room ? [`  and ${count - Math.min(room, lines.length)} more (--json has them)`] : []),
    ]),
  ].join('\n');
}

interface AccountList {
  readonly title: string;
  readonly count: number;
  readonly lines: ReadonlyArray<readonly string[]>;
}

type Age = (time: string | undefined) => string;

function accountLists({ counts, ...status }: ServiceSnapshot, age: Age): AccountList[] {
  return [
    {
      title: 'failed: each stands until somebody asks again (retry UID)',
      count: counts.failed,
      lines: status.failed.map(({ uid, mode, since, returnValue, step, reason }) => [
        uid,
        mode,
        `${age(since)} ago`,
        namedCode(returnValue),
        `${step === undefined ? '' : `${step}: `}${withoutName(reason, returnValue)}`,
      ]),
    },
    {
      title: 'in work',
      count: counts.inWork,
      lines: status.inWork.map(({ uid, mode, since, doing, step, stepSince, resumed }) => [
        uid,
        mode,
        `for ${age(since)}`,
        `${step === undefined ? doing : `step ${step} for ${age(stepSince)}`}${resumed ? ', resumed' : ''}`,
      ]),
    },
    {
      title: 'retrying',
      count: counts.retrying,
      lines: status.retrying.map(({ uid, mode, attempt, dueAt, reason }) => [
        uid,
        mode,
        `attempt ${attempt} at ${dueAt.slice(0, 19)}Z`,
        reason,
      ]),
    },
    {
      title: 'deferred',
      count: counts.deferred,
      lines: status.deferred.map(({ uid, mode, until }) => [uid, mode, `until ${readableStamp(until)}`]),
    },
    {
      title: 'waiting',
      count: counts.waiting,
      lines: status.waiting.map(({ uid, mode, since, reason }) => [uid, mode, `for ${age(since)}`, reason]),
    },
  ];
}

/** The reason without the code's name at its beginning, as the name is shown beside it. */
export function withoutName(reason: string, returnValue: number): string {
  const name = `${returnCodeName(returnValue)}: `;
  return reason.startsWith(name) ? reason.slice(name.length) : reason;
}

function connectionLines(connection: ConnectionStatus, age: Age): string[] {
  const { url, protocol, server, reason, remedy, attempt, refreshedAt, refreshedEntries } = connection;
  const how = [protocol === undefined ? undefined : `by ${protocol}`, server].filter((part) => part !== undefined);
  return [
    ...(url === undefined ? [] : [`directory  ${visible([url, ...how].join(', '))}`]),
    ...(reason === undefined ? [] : [`reason     ${visible(withoutUrl(reason, url))}`]),
    ...(remedy === undefined ? [] : [`to do      ${visible(remedy)}`]),
    ...(attempt === undefined ? [] : [`attempt    ${attempt}`]),
    ...(refreshedAt === undefined
      ? []
      : [`last list  ${age(refreshedAt)} ago, ${refreshedEntries ?? 0} open accounts`]),
  ];
}

/** Nothing while the journal is complete. */
function journalLines(journal: JournalHealth | undefined): string[] {
  if (journal === undefined || (journal.failure === undefined && journal.lostEvents === 0)) return [];
  const now = journal.failure === undefined ? 'is written again' : `cannot be written (${journal.failure})`;
  return [`journal    ${visible(now)}: ${journal.lostEvents} events were lost, see to ${visible(journal.directory)}`];
}

function since(time: string | undefined, age: Age): string {
  return time === undefined ? '' : `, for ${age(time)} (since ${time.slice(0, 19)}Z)`;
}

/** How long before `now` a time was, in words. */
function ageAt(now: string): Age {
  return (time) => (time === undefined ? '?' : humanDuration(Math.max(0, Date.parse(now) - Date.parse(time))));
}

/** Rows with aligned columns. The last column is not padded. */
function columns(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths: number[] = [];
  const cells = rows.map((row) => row.map((cell) => visible(cell)));
  for (const row of cells) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  return cells.map((row) => `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd());
}
