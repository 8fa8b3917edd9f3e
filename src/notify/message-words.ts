import { createHash } from 'node:crypto';
import { counted } from '../domain/counted.ts';
import type { NotifyEvent } from '../domain/notify.ts';
import { shellWord } from '../domain/shell-word.ts';
import { isoTime } from '../domain/timestamp.ts';
import { visible } from '../domain/visible.ts';
import { fullTime } from '../observability/human-time.ts';
import { wrap } from '../observability/wrap.ts';
import type { Message, Report } from './trouble.ts';

/** The service that sends messages, and the configuration file that its commands need. */
export interface Sender {
  /** `prov-backup-rsnapshot@HOST`. */
  readonly service: string;
  readonly configFile: string;
}

const WIDTH = 76;
const LONGEST_SUBJECT = 160;
/** The most characters of an error text that a report shows. */
const LONGEST_WORDS = 1_000;
/** The most reports that a message shows in full. */
const MOST_REPORTS = 30;

const WORDS: Readonly<Record<NotifyEvent, string>> = {
  failed: 'FAILED',
  disconnected: 'DISCONNECTED',
  conflict: 'CONFLICT',
  paused: 'PAUSED',
  canary: 'CANARY',
  journal: 'JOURNAL',
};

/** Identifies a cause. Reports with the same cause have the same id, even after a restart. */
export function threadId({ trouble }: Report): string {
  return `v1.${createHash('sha256').update(trouble.key).digest('hex').slice(0, 16)}`;
}

/** `[FAILED 12] prov-backup-rsnapshot@host: script 6 CANNOT_SET_QUOTA: server timeout`. */
export function subjectOf(message: Message, { service }: Sender): string {
  const text = `[${stateWords(message)}] ${service}: ${aboutWords(message)}`;
  const shown = visible(text);
  return shown.length <= LONGEST_SUBJECT ? shown : `${shown.slice(0, LONGEST_SUBJECT - 1)}…`;
}

function stateWords({ occasion, reports }: Message): string {
  if (occasion === 'test') return 'TEST';
  const broken = reports.filter(({ state }) => state !== 'resolved');
  const [first] = broken;
  if (first === undefined) return occasion === 'digest' ? 'DIGEST' : 'RESOLVED';
  const still = first.state === 'still' ? 'STILL ' : '';
  const { event } = first.trouble;
  const count = broken.filter(({ trouble }) => trouble.event === event).reduce((sum, each) => sum + each.count, 0);
  const number = isOfAccounts(event) ? ` ${count}` : '';
  return `${occasion === 'digest' ? 'DIGEST: ' : ''}${still}${WORDS[event]}${number}`;
}

function aboutWords({ reports, tally }: Message): string {
  const [first, ...others] = reports;
  if (first === undefined) return `nothing is broken; ${counted(tally?.fired ?? 0, 'problem')} since the last digest`;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  const title = first.trouble.title;
  const room = LONGEST_SUBJECT - 80;
  return `${title.length > room ? `${title.slice(0, room)}…` : title}${more}`;
}

function isOfAccounts(event: NotifyEvent): boolean {
  return event === 'failed' || event === 'conflict';
}

/** The whole message as text. Its only control characters are line ends. */
export function bodyOf(message: Message, sender: Sender): string {
  const { reports, time } = message;
  const shown = reports.slice(0, MOST_REPORTS);
  const rest = reports.length - shown.length;
  const blocks = [
    ...openingOf(message),
    ...(message.occasion === 'test' ? [] : shown.map((report) => reportText(report, sender))),
    ...(rest > 0 ? [`And ${counted(rest, 'more cause')}: prov-backup-rsnapshot status -c ${sender.configFile}`] : []),
    ...closingOf(message),
    `-- \n${visible(sender.service)}, ${fullTime(isoTime(time))}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function openingOf({ occasion, tally, reports }: Message): string[] {
  if (occasion === 'test') return ['This is a test message of check --notify. Notifications arrive.'];
  if (occasion === 'stop') return ['The service is stopping. The following was not reported before:'];
  if (occasion === 'reminder') return ['This is a reminder of everything that is still broken.'];
  if (occasion !== 'digest') return [];
  const { fired = 0, resolved = 0 } = tally ?? {};
  const now = reports.some(({ state }) => state !== 'resolved') ? 'This is broken now:' : 'Nothing is broken now.';
  const happened = `${counted(fired, 'new problem')}, ${counted(resolved, 'cause')} resolved`;
  return [paragraph(`Since the last digest, or since the start: ${happened}. ${now}`)];
}

function closingOf({ silentUntil }: Message): string[] {
  if (silentUntil === undefined) return [];
  return [
    paragraph(
      `This is the last message of this hour (notify.mostPerHour). Further reports are held until ${fullTime(isoTime(silentUntil))} and then sent together.`,
    ),
  ];
}

function reportText(report: Report, { configFile }: Sender): string {
  const { state, trouble } = report;
  const lines = [paragraph(headWords(report))];
  const { title, words, remedy } = trouble;
  if (state === 'resolved') return [...lines, field('began', fullTime(isoTime(report.first)))].join('\n');
  if (words !== undefined && !title.endsWith(words)) lines.push(field('said', cut(words)));
  lines.push(field('since', sinceWords(report)));
  if (report.subjects.length > 0) lines.push(field('who', whoWords(report)));
  if (remedy !== undefined) lines.push(field('to do', remedy));
  const command = commandFor(report, configFile);
  if (command !== undefined) lines.push(`    ${command}`);
  return lines.join('\n');
}

function headWords({ state, trouble, count, added }: Report): string {
  const title = cut(trouble.title);
  if (state === 'resolved') return `RESOLVED: ${title}`;
  const word = WORDS[trouble.event];
  const unsteady = state === 'unsteady' ? ' (it comes and goes; there are few messages about it from now on)' : '';
  if (!isOfAccounts(trouble.event)) return `${state === 'still' ? 'STILL ' : ''}${word}: ${title}${unsteady}`;
  const number = state === 'still' || added === count ? `${count}` : `${added} more, ${count} in all`;
  return `${state === 'still' ? 'STILL ' : ''}${word} ${number}: ${title}${unsteady}`;
}

function sinceWords({ first, last }: Report): string {
  const since = fullTime(isoTime(first));
  const latest = fullTime(isoTime(last));
  return since === latest ? since : `${since}, the last one at ${latest}`;
}

function whoWords({ subjects, state, count, added }: Report): string {
  const names = subjects.map(({ uid, mode }) => `${uid}${mode === undefined ? '' : ` (${mode})`}`);
  const of = state === 'still' || added === 0 ? count : added;
  return `${names.join(', ')}${of > names.length ? ` and ${of - names.length} more` : ''}`;
}

/** The command that requests the failed accounts again; undefined if there are none to request. */
export function commandFor({ trouble, subjects, state, count, added }: Report, configFile: string): string | undefined {
  if (trouble.event !== 'failed' || state === 'resolved' || subjects.length === 0) return undefined;
  const uids = subjects.flatMap(({ uid = '' }) => (/^[\w.@][\w.@-]*$/.test(uid) ? [uid] : []));
  const isAll = subjects.length === (state === 'still' || added === 0 ? count : added);
  const { returnValue } = trouble;
  const which = isAll ? uids.join(' ') : returnValue === undefined ? '--failed' : `--code ${returnValue}`;
  return `prov-backup-rsnapshot retry -c ${shellWord(visible(configFile))} ${which}`;
}

function field(name: string, words: string): string {
  const [first = '', ...others] = wrap(visible(words), WIDTH - 8);
  return [`  ${name.padEnd(6)}${first}`, ...others.map((line) => `        ${line}`)].join('\n');
}

function paragraph(words: string): string {
  return wrap(visible(words), WIDTH).join('\n');
}

function cut(words: string): string {
  return words.length <= LONGEST_WORDS ? words : `${words.slice(0, LONGEST_WORDS)}…`;
}
