import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { AccountRules, AttributeNames } from '../domain/account.ts';
import type { DirectoryChange } from '../domain/change.ts';
import type { DirectoryAnswer } from '../domain/directory-answer.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import type { HandlerOutcome } from '../domain/job.ts';
import { attributesToRead } from '../domain/read-account.ts';
import type { RetryPolicy } from '../domain/retry.ts';
import { lineSchemas } from './record-schema.ts';

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
  const line = objectOf(parsed(text));
  if ('record' in line) {
    if (line['record'] !== 'prov-backup-rsnapshot' || line['format'] !== FORMAT) {
      throw new RangeError(`it is no record of format ${FORMAT}`);
    }
    const { time, version, settings, continued } = checked('header', line);
    return { kind: 'header', time, version, settings: settings as RecordedSettings, continued: continued === true };
  }
  if ('event' in line) return { kind: 'event', event: checked('event', line).event as PublishedEvent };
  if ('change' in line) {
    const { time, change } = checked('change', line);
    return { kind: 'change', time, change: (change.kind === 'entry' ? withEntry(change) : change) as DirectoryChange };
  }
  if ('answer' in line) {
    const { time, answer } = checked('answer', line);
    return { kind: 'answer', time, answer: withEntry(answer) as DirectoryAnswer };
  }
  if ('outcome' in line) {
    const { time, uid, outcome } = checked('outcome', line);
    return { kind: 'outcome', time, uid, outcome: outcome as HandlerOutcome };
  }
  if ('gap' in line) {
    const { time, gap } = checked('gap', line);
    return { kind: 'gap', time, lines: gap };
  }
  throw new RangeError('it is neither a change, an answer, an outcome, an event nor a gap');
}

function checked<K extends keyof typeof lineSchemas>(kind: K, line: unknown): z.infer<(typeof lineSchemas)[K]> {
  const read = lineSchemas[kind].safeParse(line);
  if (read.success) return read.data as z.infer<(typeof lineSchemas)[K]>;
  const [issue] = read.error.issues;
  throw new RangeError(`${issue?.path.join('.')}: ${issue?.message}`);
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

interface StoredEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly Stored[]>>;
  readonly unreadable?: string | undefined;
}

/** The same with its entry, where it has one, as an entry. */
function withEntry(given: { readonly entry?: StoredEntry | undefined }) {
  if (given.entry === undefined) return given;
  const { dn, attributes, unreadable } = given.entry;
  const values = Object.entries(attributes).map(([name, list]) => [name, list.map(bytesOf)] as const);
  return { ...given, entry: entryOf(dn, Object.fromEntries(values), unreadable) };
}

function bytesOf(given: Stored): Buffer {
  return typeof given === 'string' ? Buffer.from(given, 'utf8') : Buffer.from(given.base64, 'base64');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError('it is no line of a record (run --record)');
  }
}

function objectOf(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given };
  throw new RangeError('it is no line of a record (run --record)');
}
