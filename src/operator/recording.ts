import { createHash } from 'node:crypto';
import type { AccountRules, AttributeNames } from '../domain/account.ts';
import type { DirectoryChange } from '../domain/change.ts';
import type { DirectoryAnswer } from '../domain/directory-answer.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import type { HandlerOutcome } from '../domain/job.ts';
import { attributesToRead } from '../domain/read-account.ts';
import type { RetryPolicy } from '../domain/retry.ts';

/** The settings on which decisions depend. */
export interface RecordedSettings {
  readonly attributes: AttributeNames;
  /** Absent in the record of a service that did not judge users and homes. */
  readonly accounts?: AccountRules;
  readonly timeZone: string;
  readonly concurrency: number;
  readonly instances: 'one' | 'several';
  readonly retry: RetryPolicy;
  readonly longestHandlerMilliseconds: number;
  readonly behindAfterMilliseconds: number;
  readonly dryRun: boolean;
}

/**
 * A line of a record, with the time at which it happened: what the directory told or answered, how a handler ended, or what the
 * stream made of it. A service that is started again begins with a header of its own.
 */
export type RecordLine =
  | {
      readonly kind: 'header';
      readonly time: string;
      readonly version: string;
      readonly settings: RecordedSettings;
      /** The service was running already: what was open then, and how it stood, is in the file before this one. */
      readonly continued: boolean;
    }
  | { readonly kind: 'change'; readonly time: string; readonly change: DirectoryChange }
  | { readonly kind: 'answer'; readonly time: string; readonly answer: DirectoryAnswer }
  | { readonly kind: 'outcome'; readonly time: string; readonly uid: string; readonly outcome: HandlerOutcome }
  | { readonly kind: 'event'; readonly event: PublishedEvent }
  /** So many lines are missing here: the disk did not keep up. */
  | { readonly kind: 'gap'; readonly time: string; readonly lines: number };

/** The version of the format. */
const FORMAT = 2;

/** The events that say what was decided and done: enough to follow it, without a script's output. */
const RECORDED: ReadonlySet<EventName> = new Set([
  'skipped',
  'deferred',
  'waiting',
  'queued',
  'claimed',
  'resumed',
  'finished',
  'failed',
  'retrying',
  'superseded',
  'conflict',
  'left',
  'draining',
  'stopped',
]);

export function isRecorded(event: EventName): boolean {
  return RECORDED.has(event);
}

/** One line, without its end. Of an entry only the attributes are kept by which decisions are made. */
export function encodeLine(line: RecordLine, names: AttributeNames): string {
  switch (line.kind) {
    case 'header': {
      const { kind: _, ...header } = line;
      return JSON.stringify({ record: 'prov-backup-rsnapshot', format: FORMAT, ...header });
    }
    case 'change': {
      const { time, change } = line;
      if (change.kind !== 'entry') return JSON.stringify({ time, change });
      return JSON.stringify({ time, change: { ...change, entry: storedEntry(change.entry, names) } });
    }
    case 'answer': {
      const { entry, ...rest } = line.answer;
      const stored = entry === undefined ? {} : { entry: storedEntry(entry, names, othersOf(entry, names)) };
      return JSON.stringify({ time: line.time, answer: { ...rest, ...stored } });
    }
    case 'outcome': {
      const { time, uid, outcome } = line;
      return JSON.stringify({ time, uid, outcome });
    }
    case 'event':
      return JSON.stringify({ event: line.event });
    case 'gap':
      return JSON.stringify({ time: line.time, gap: line.lines });
  }
}

/** Reads a line of a record. Throws a RangeError that says what is wrong with it. */
export function decodeLine(text: string): RecordLine {
  const line = objectOf(parsed(text), 'the line');
  if ('record' in line) {
    if (line['record'] !== 'prov-backup-rsnapshot' || line['format'] !== FORMAT) {
      throw new RangeError(`it is no record of format ${FORMAT}`);
    }
    const settings = objectOf(line['settings'], 'settings') as unknown as RecordedSettings;
    const continued = line['continued'] === true;
    return { kind: 'header', time: timeOf(line), version: String(line['version']), settings, continued };
  }
  if ('event' in line) {
    const event = objectOf(line['event'], 'event');
    timeOf(event);
    return { kind: 'event', event: event as unknown as PublishedEvent };
  }
  const time = timeOf(line);
  if ('change' in line)
    return { kind: 'change', time, change: withEntry(objectOf(line['change'], 'change')) as DirectoryChange };
  if ('answer' in line) {
    const answer = withEntry(objectOf(line['answer'], 'answer')) as unknown as DirectoryAnswer;
    return { kind: 'answer', time, answer };
  }
  if ('outcome' in line) {
    const outcome = objectOf(line['outcome'], 'outcome') as unknown as HandlerOutcome;
    return { kind: 'outcome', time, uid: String(line['uid']), outcome };
  }
  if ('gap' in line) return { kind: 'gap', time, lines: Number(line['gap']) };
  throw new RangeError('it is neither a change, an answer, an outcome, an event nor a gap');
}

type Stored = string | { readonly base64: string };

function storedEntry(entry: DirectoryEntry, names: AttributeNames, more: Readonly<Record<string, Stored[]>> = {}) {
  const attributes: Record<string, Stored[]> = { ...more };
  for (const name of attributesToRead(names, 'several')) {
    const values = entry.values(name);
    if (values.length > 0) attributes[name] = values.map(stored);
  }
  const { dn, unreadable } = entry;
  return { dn, attributes, ...(unreadable === undefined ? {} : { unreadable }) };
}

/** Stands in the record for all attributes that are not kept: whether they changed decides whether an outcome is still to be written. */
const OTHERS = 'x-other-attributes';

function othersOf(entry: DirectoryEntry, names: AttributeNames): Record<string, Stored[]> {
  const kept = new Set(attributesToRead(names, 'several').map((name) => name.toLowerCase()));
  const others = [...entry.attributes()].filter(([name]) => !kept.has(name.toLowerCase()));
  const lines = others.flatMap(([name, values]) =>
    values.map((value) => `${name.toLowerCase()}: ${value.toString('base64')}`),
  );
  return { [OTHERS]: [createHash('sha256').update(lines.toSorted().join('\n')).digest('base64')] };
}

/** As text where the bytes are text, so that a person can read it. */
function stored(value: Buffer): Stored {
  const text = value.toString('utf8');
  return Buffer.from(text, 'utf8').equals(value) ? text : { base64: value.toString('base64') };
}

/** The same with its entry, where it has one, as an entry. */
function withEntry(given: Record<string, unknown>): Record<string, unknown> {
  if (!('entry' in given)) return given;
  const { dn, attributes, unreadable } = objectOf(given['entry'], 'entry');
  const values = Object.entries(objectOf(attributes, 'attributes')).map(([name, list]) => {
    if (!Array.isArray(list)) throw new RangeError(`the attribute ${name} has no list of values`);
    return [name, list.map(bytesOf)] as const;
  });
  return {
    ...given,
    entry: entryOf(String(dn), Object.fromEntries(values), unreadable === undefined ? undefined : String(unreadable)),
  };
}

function bytesOf(given: unknown): Buffer {
  if (typeof given === 'string') return Buffer.from(given, 'utf8');
  const { base64 } = objectOf(given, 'a value');
  return Buffer.from(String(base64), 'base64');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError('it is no line of a record (run --record)');
  }
}

function objectOf(given: unknown, what: string): Record<string, unknown> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as Record<string, unknown>;
  throw new RangeError(`${what} is not an object`);
}

function timeOf(line: Record<string, unknown>): string {
  const { time } = line;
  if (typeof time === 'string' && !Number.isNaN(Date.parse(time))) return time;
  throw new RangeError('its time is missing');
}
