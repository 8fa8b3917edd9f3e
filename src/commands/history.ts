import type { Command } from 'commander';
import { counted } from '../domain/counted.ts';
import { isoTime } from '../domain/timestamp.ts';
import type { HistoryItem } from '../journal/history-item.ts';
import type { JournalItem, JournalQuery } from '../journal/journal-lines.ts';
import type { TextOptions } from './history-text.ts';
import { neededJournalFolder } from './journal-folder.ts';
import { useUtc, withConfigOption } from './options.ts';
import { CommandExit, runAction, UsageError } from './run-action.ts';
import { sizeOf } from './screen.ts';

interface HistoryOptions {
  readonly config: string;
  readonly since?: string;
  readonly until?: string;
  readonly json?: true;
  readonly utc?: true;
}

/**
 * Registers `history`, which shows what happened to one account, or to all accounts in a period,
 * according to the journal. No running service is needed. It exits with 1 if the journal has
 * nothing about the account.
 */
export function registerHistory(program: Command): void {
  withConfigOption(program.command('history'))
    .description('show what happened to an account, or to all accounts in the last day, according to the journal')
    .argument('[uid]', 'the account; default: all, grouped by outcome and cause')
    .option(
      '--since <time>',
      '90s, 10m, 2h, all, or a time such as 2026-03-01T02:00:00Z; default: all, or 1d without uid',
    )
    .option('--until <time>', 'the end of the period; default: now')
    .option('--json', 'one JSON object for each item; without uid, one object for the summary')
    .option('--utc', 'times in UTC instead of the local zone')
    .action((uid: string | undefined, options: HistoryOptions) => runAction(() => history(uid, options)));
}

async function history(uid: string | undefined, options: HistoryOptions): Promise<number> {
  const { readFilter } = await import('../operator/event-filter.ts');
  const { SUMMARY_EVENTS } = await import('../journal/history-summary.ts');
  if (options.utc) useUtc();
  const { since, until } = await readTimes(uid, options);
  const filter = uid === undefined ? { uids: new Set<string>(), events: SUMMARY_EVENTS } : readFilter({ uid: [uid] });
  if (uid !== undefined && filter.uids.size !== 1) throw new UsageError('give one uid, or none for a summary');
  const directory = await neededJournalFolder(options.config);
  const query = { since, until, filter };
  const show: TextOptions = { width: sizeOf(process.stdout).columns };
  return uid === undefined
    ? summarize(directory, query, options, show)
    : printHistory(uid, directory, query, options, show);
}

async function readTimes(
  uid: string | undefined,
  { since = uid === undefined ? '1d' : 'all', until = 'now' }: HistoryOptions,
): Promise<{ since: number; until: number }> {
  const { readSince } = await import('../operator/event-filter.ts');
  const now = Date.now();
  try {
    const times = { since: readSince(since, now), until: until === 'now' ? now : readSince(until, now) };
    if (times.since <= times.until) return times;
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
  throw new UsageError('--since is after --until: give an earlier time');
}

/** Prints the history of one account as it is read. */
async function printHistory(
  uid: string,
  directory: string,
  query: JournalQuery,
  { json }: HistoryOptions,
  show: TextOptions,
): Promise<number> {
  const { historyOf } = await import('../journal/account-history.ts');
  const { itemLines } = await import('./history-text.ts');
  const { visibleJson } = await import('../domain/visible.ts');
  const linesOf = (item: HistoryItem) => (json ? [visibleJson(JSON.stringify(item))] : itemLines(item, show));
  let items = 0;
  let unreadable = 0;
  if (!json) printLines([await headline(`What happened to ${uid}`, directory, query, show), '']);
  for await (const item of historyOf(directory, query)) {
    if (item.kind === 'unreadable') {
      unreadable += 1;
      continue;
    }
    items += 1;
    printLines(linesOf(item));
  }
  noteUnreadable(unreadable);
  if (items > 0) return CommandExit.OK;
  if (!json) printLines([`The journal has nothing about ${JSON.stringify(uid)} in this period.`]);
  return CommandExit.NOT_OK;
}

async function summarize(
  directory: string,
  query: JournalQuery,
  { json }: HistoryOptions,
  show: TextOptions,
): Promise<number> {
  const { Summary } = await import('../journal/history-summary.ts');
  const { summaryLines } = await import('./history-text.ts');
  const { readJournal } = await import('../journal/read-journal.ts');
  const { visibleJson } = await import('../domain/visible.ts');
  const summary = new Summary();
  const lost = { missed: 0, unreadable: 0 };
  for await (const items of readJournal(directory, query)) {
    for (const item of items) count(item);
  }
  function count(item: JournalItem): void {
    if (item.kind === 'event') summary.take(item.event);
    else if (item.kind === 'missed') lost.missed += item.events;
    else lost.unreadable += 1;
  }
  if (json) {
    printLines([visibleJson(JSON.stringify({ ...summary.result(), missed: lost.missed }))]);
  } else {
    printLines([await headline('What happened', directory, query, show), '']);
    printLines(summaryLines(summary.result(), show));
    if (lost.missed > 0)
      printLines([`${counted(lost.missed, 'event', ['is', 'are'])} missing: the journal could not be written.`]);
  }
  noteUnreadable(lost.unreadable);
  return CommandExit.OK;
}

async function headline(
  what: string,
  directory: string,
  { since, until }: JournalQuery,
  { width }: TextOptions,
): Promise<string> {
  const { fullTime } = await import('../observability/human-time.ts');
  const { wrap } = await import('../observability/wrap.ts');
  const from = Number.isFinite(since) ? `from ${fullTime(isoTime(since))} ` : '';
  const to = `up to ${fullTime(isoTime(until))}`;
  return wrap(`${what} ${from}${to}, according to ${directory}:`, width).join('\n');
}

function noteUnreadable(lines: number): void {
  if (lines === 0) return;
  process.stderr.write(
    `-- ${counted(lines, 'line')} of the journal cannot be read, for example because a crash cut the line off\n`,
  );
}

function printLines(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
