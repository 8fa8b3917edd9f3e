import { counted } from '../domain/counted.ts';
import { visible } from '../domain/visible.ts';
import type { AttemptItem, HistoryItem } from '../journal/history-item.ts';
import { type HistorySummary, MOST_UIDS, type OutcomeGroup } from '../journal/history-summary.ts';
import { beginWords, endWords, missedWords, requestWords } from '../journal/history-words.ts';
import { withoutName } from '../observability/condition-words.ts';
import { namedCode, stepWords } from '../observability/describe-event.ts';
import { dateTime, humanDuration } from '../observability/human-time.ts';
import { wrap } from '../observability/wrap.ts';

export interface TextOptions {
  /** The number of columns of the terminal. */
  readonly width: number;
}

/** The width of the column with the date and time. The text begins after it. */
const TIME_WIDTH = 21;
/** The fewest columns for the text, however narrow the terminal is. */
const NARROWEST = 30;
/** The number of the last lines of the script that are shown for an attempt; `--json` has more. */
const LINES_SHOWN = 8;
const UIDS_SHOWN = 3;

/** What happened to an account, as lines. */
export function itemLines(item: HistoryItem, options: TextOptions): string[] {
  switch (item.kind) {
    case 'request':
      return timed(item.time, requestWords(item), options);
    case 'note':
      return timed(item.time, `${item.event}: ${item.text}`, options);
    case 'attempt':
      return attemptLines(item, options);
    case 'missed':
      return timed(item.time, missedWords(item), options);
  }
}

function attemptLines(attempt: AttemptItem, options: TextOptions): string[] {
  const { time, steps, output, earlierLines, end } = attempt;
  const shown = output.slice(-LINES_SHOWN);
  const left = earlierLines + output.length - shown.length;
  const aside = (text: string) => untimed(text, options);
  return [
    ...timed(time, beginWords(attempt), options),
    ...(left === 0 ? [] : aside(`(${counted(left, 'earlier line')} of the script)`)),
    ...shown.flatMap(({ stream, line }) => aside(`${stream === 'stderr' ? '!' : '|'} ${line}`)),
    ...steps.flatMap((step) => aside(`step ${stepWords(step)}`)),
    ...timed('time' in end ? end.time : undefined, endWords(attempt), options),
  ];
}

function timed(time: string | undefined, text: string, options: TextOptions): string[] {
  const stamp = time === undefined ? '' : dateTime(time);
  return untimed(text, options).map((line, index) => (index === 0 ? stamp.padEnd(TIME_WIDTH) + line.trim() : line));
}

function untimed(text: string, { width }: TextOptions): string[] {
  return indented(text, TIME_WIDTH, width);
}

function indented(text: string, indent: number, width: number): string[] {
  const lines = wrap(visible(text), Math.max(NARROWEST, width - indent));
  return lines.map((line) => `${' '.repeat(indent)}${line}`);
}

/** The width of the counts in the summary, and the column at which the text after them begins. */
const COUNT_WIDTH = 7;
const COUNTED_TEXT = COUNT_WIDTH + ' x '.length;

/** The summary of a period as lines: requests, and then outcomes, the most frequent ones first. */
export function summaryLines({ requests, outcomes, ungrouped }: HistorySummary, options: TextOptions): string[] {
  const list = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, ...lines, '']);
  const of = (...events: string[]) => outcomes.filter(({ event }) => events.includes(event));
  const groups = (...events: string[]) => of(...events).flatMap((group) => groupLines(group, options));
  const requested = requests.flatMap(({ modifiedBy, mode, count }) =>
    summaryRow(count, `${mode}, by ${modifiedBy === '' ? 'an unknown client' : modifiedBy}`, options),
  );
  const lines = [
    ...list('Requested:', requested),
    ...list('Finished:', groups('finished')),
    ...list('Failed, by code and last words:', groups('failed')),
    ...list('To be tried again, by reason:', groups('retrying')),
    ...list('Interrupted and resumed:', groups('resumed')),
    ...list('Changed meanwhile by another client or service:', groups('superseded', 'conflict')),
    ...(ungrouped === 0 ? [] : [`and ${counted(ungrouped, 'event')} in further groups`]),
  ];
  return lines.length === 0 ? ['There were no requests and no outcomes.'] : lines;
}

function groupLines(group: OutcomeGroup, options: TextOptions): string[] {
  const { mode, returnValue, step, cause, count, longestMilliseconds } = group;
  const longest = longestMilliseconds === undefined ? '' : `, at most ${humanDuration(longestMilliseconds)}`;
  const code = returnValue === undefined ? '' : `, ${namedCode(returnValue)} in step ${step}`;
  const words = cause === undefined ? '' : `: ${withoutName(cause, returnValue ?? 0)}`;
  const text = `${mode}${code}${longest}${words}`;
  return [...summaryRow(count, text, options), ...aside(`${timesOf(group)}${uidsOf(group)}`, options)];
}

function timesOf({ count, first, last }: OutcomeGroup): string {
  return count === 1 ? `at ${dateTime(first)}` : `from ${dateTime(first)} to ${dateTime(last)}`;
}

/** The first uids of a failure, and how many more there are. `--json` has all of them. */
function uidsOf({ event, uids }: OutcomeGroup): string {
  if (event === 'finished') return '';
  const more = uids.length - UIDS_SHOWN;
  const others = uids.length < MOST_UIDS ? `${more}` : 'many';
  return `: ${uids.slice(0, UIDS_SHOWN).join(', ')}${more > 0 ? ` and ${others} more` : ''}`;
}

function summaryRow(count: number, text: string, options: TextOptions): string[] {
  return aside(text, options).map((line, index) =>
    index === 0 ? `${String(count).padStart(COUNT_WIDTH)} x ${line.trim()}` : line,
  );
}

function aside(text: string, { width }: TextOptions): string[] {
  return indented(text, COUNTED_TEXT, width);
}
