import type { PublishedEvent } from '../domain/event.ts';
import { isoTime } from '../domain/timestamp.ts';
import { type EventFilter, matchesFilter } from '../operator/event-filter.ts';
import { isPublishedEvent } from '../operator/published-event.ts';

/** Selects events. Times are inclusive, in milliseconds since 1970. */
export interface JournalQuery {
  readonly since: number;
  readonly until: number;
  readonly filter: EventFilter;
}

/** One item of a journal: an event, or a gap between two events. */
export type JournalItem =
  | { readonly kind: 'event'; readonly event: PublishedEvent }
  /** The service could not write this number of events. */
  | { readonly kind: 'missed'; readonly time: string; readonly events: number }
  /** A line that cannot be read, such as one that a crash or a full disk has cut off. */
  | { readonly kind: 'unreadable' };

const NEWLINE = 10;
/** The beginning of each line that the service writes. */
const BEGINNING = /^\{"time":"([^"]{24})","event":"(\w+)"/;
const LONGEST_BEGINNING = 64;
/** The longest line in bytes. No event is longer. */
const LONGEST_LINE = 2 ** 20;

/**
 * Finds the selected lines in the bytes of a file, which arrive in pieces of any size. Only lines
 * that may be selected are parsed: to search for the bytes of a uid, or to compare the beginning of
 * a line, costs a fraction of the parsing.
 *
 *   within limits -> beyond           a line is too long
 *   beyond -> within limits           that line ends; it counts as unreadable
 */
export class JournalLines {
  readonly #query: JournalQuery;
  /**
   * The bytes to search for, as a line contains them: `"uid":"3724300"`. Empty if all uids are
   * selected.
   */
  readonly #needles: readonly string[];
  readonly #since: string;
  readonly #until: string;
  #rest: Buffer = Buffer.alloc(0);
  #isBeyond = false;

  constructor(query: JournalQuery) {
    this.#query = query;
    const { uids } = query.filter;
    const ofUids = [...uids].map((uid) => JSON.stringify({ uid }).slice(1, -1));
    this.#needles = uids.size === 0 ? [] : [...ofUids, '"event":"missed"'];
    this.#since = boundedTime(query.since);
    this.#until = boundedTime(query.until);
  }

  /** Returns the items of the lines that end in this piece. */
  take(piece: Buffer): JournalItem[] {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#keep(Buffer.concat([this.#rest, piece]));
      return [];
    }
    const whole =
      this.#rest.length === 0 ? piece.subarray(0, end) : Buffer.concat([this.#rest, piece.subarray(0, end)]);
    const wasBeyond = this.#isBeyond;
    this.#isBeyond = false;
    // A copy: a view would keep the whole piece.
    this.#keep(Buffer.from(piece.subarray(end)));
    if (!wasBeyond) return this.#search(whole);
    return [{ kind: 'unreadable' }, ...this.#search(whole.subarray(whole.indexOf(NEWLINE) + 1))];
  }

  /** Returns the item of the last line if the file ends without a line break. */
  end(): JournalItem[] {
    if (this.#isBeyond) return [{ kind: 'unreadable' }];
    return this.#rest.length === 0 ? [] : this.#search(this.#rest);
  }

  #keep(rest: Buffer): void {
    this.#isBeyond ||= rest.length > LONGEST_LINE;
    this.#rest = this.#isBeyond ? Buffer.alloc(0) : rest;
  }

  #search(bytes: Buffer): JournalItem[] {
    const starts = this.#needles.length === 0 ? startsOfLines(bytes) : this.#startsOfFound(bytes);
    const items: JournalItem[] = [];
    for (const start of starts) {
      const end = bytes.indexOf(NEWLINE, start);
      const line = bytes.subarray(start, end === -1 ? undefined : end);
      if (!this.#mayBeWanted(line.toString('latin1', 0, LONGEST_BEGINNING))) continue;
      const item = this.#read(line.toString('utf8'));
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  /** The positions at which the lines with one of the needles begin, in order. */
  #startsOfFound(bytes: Buffer): number[] {
    // Uids are compared without case. Only a needle with letters needs a copy of the bytes in lower
    // case.
    const lowered = this.#needles.some(hasLetters) ? Buffer.from(lowerCase(bytes), 'latin1') : bytes;
    const starts = new Set<number>();
    for (const needle of this.#needles) {
      for (let at = lowered.indexOf(needle); at !== -1; at = lowered.indexOf(needle, at + 1)) {
        starts.add(bytes.lastIndexOf(NEWLINE, at) + 1);
      }
    }
    return [...starts].sort((one, other) => one - other);
  }

  /**
   * False only if the line has the beginning that the service writes, and its time or its event is
   * not selected.
   */
  #mayBeWanted(beginning: string): boolean {
    const [, time = '', name = ''] = BEGINNING.exec(beginning) ?? [];
    if (time === '') return true;
    if (time < this.#since || time > this.#until) return false;
    const { events } = this.#query.filter;
    return events.size === 0 || name === 'missed' || (events as ReadonlySet<string>).has(name);
  }

  #read(line: string): JournalItem | undefined {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return { kind: 'unreadable' };
    }
    const { since, until, filter } = this.#query;
    const missed = readMissed(value);
    const item: JournalItem | undefined =
      missed ?? (isPublishedEvent(value) ? { kind: 'event', event: value } : undefined);
    if (item === undefined) return undefined;
    const time = Date.parse(item.kind === 'event' ? item.event.time : (missed?.time ?? ''));
    if (time < since || time > until) return undefined;
    return item.kind === 'event' && !matchesFilter(filter, item.event) ? undefined : item;
  }
}

function readMissed(value: unknown): Extract<JournalItem, { kind: 'missed' }> | undefined {
  if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'missed') return undefined;
  const events = 'missed' in value ? Number(value.missed) : Number.NaN;
  const time = 'time' in value ? String(value.time) : '';
  return Number.isSafeInteger(events) && !Number.isNaN(Date.parse(time)) ? { kind: 'missed', time, events } : undefined;
}

function* startsOfLines(bytes: Buffer): Generator<number> {
  for (let start = 0; start < bytes.length; ) {
    yield start;
    const end = bytes.indexOf(NEWLINE, start);
    start = end === -1 ? bytes.length : end + 1;
  }
}

/**
 * Whether the needle is a uid with letters, which may have another case in the line. All other
 * words are always as the service writes them.
 */
function hasLetters(needle: string): boolean {
  return /^"uid":.*[a-z]/.test(needle);
}

/** Uses one character for each byte, so that positions remain the same. */
function lowerCase(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase();
}

/**
 * The time in the form that events have. A time outside of the years 1970 to 9999 becomes the
 * nearest one within them.
 */
function boundedTime(milliseconds: number): string {
  const bounded = Math.min(Math.max(milliseconds, 0), Date.UTC(9999, 11, 31));
  return isoTime(bounded);
}
