import type { Backlog } from './backlog.ts';
import { type EventFilter, matchesFilter } from './event-filter.ts';

/** The part of an HTTP response that a reader uses. */
export interface ReaderSink {
  /**
   * Returns false if the peer takes no more at the moment. The event `drain` follows when it does.
   */
  write(chunk: string): boolean;
  end(): void;
  destroy(): void;
  once(event: 'drain', listener: () => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

export interface ChunkLimits {
  /** The most characters of one write, unless a single event is longer. */
  readonly chunkCharacters: number;
  /** The most events that are examined for one write. */
  readonly chunkEvents: number;
}

export interface ReaderContext {
  /** Creates the id of an event from its number. */
  identify(number: number): string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What an `EventReader` works with. */
export interface EventReaderOptions extends ReaderContext {
  readonly backlog: Backlog;
  readonly limits: ChunkLimits;
  /** Called when the reader can take more again. */
  readonly drained: () => void;
}

/**
 * One reader of the backlog. It gets server-sent events (HTML standard, section 9.2).
 *
 * States:
 *   open -> blocked   the peer takes no more at the moment
 *   blocked -> open   the peer has taken what was sent (`drain`)
 *   any -> ended      `end`: the reader has all that it requested; `drop`: it was too slow
 */
export class EventReader {
  readonly sink: ReaderSink;
  readonly #filter: EventFilter;
  readonly #options: EventReaderOptions;
  /** The reader has all that it requested when its cursor reaches this number. */
  readonly #end: number;
  /** The number of the next event to examine. */
  #cursor: number;
  #blocked = false;
  #lastWrite: number;

  /**
   * `from` is the number of the first event. `follow`: the reader gets all later events; otherwise
   * only those up to now.
   */
  constructor(sink: ReaderSink, filter: EventFilter, from: number, follow: boolean, options: EventReaderOptions) {
    const { backlog, now } = options;
    this.sink = sink;
    this.#filter = filter;
    this.#options = options;
    this.#cursor = Math.min(Math.max(from, backlog.first()), backlog.next());
    this.#end = follow ? Number.POSITIVE_INFINITY : backlog.next();
    this.#lastWrite = now();
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Whether the reader has all that it requested. */
  get isDone(): boolean {
    return this.#cursor >= this.#end;
  }

  /** Whether the reader can take more, and either has unread events or has to be ended. */
  get isDue(): boolean {
    return !this.#blocked && (this.#cursor < this.#options.backlog.next() || this.isDone);
  }

  /** The number of events that the backlog dropped before the reader got them. */
  get missed(): number {
    return Math.max(0, this.#options.backlog.first() - this.#cursor);
  }

  /**
   * Sends the position of the first event and, if the backlog has dropped events after `from`,
   * their number.
   */
  sendPosition(from: number): void {
    const { backlog, identify } = this.#options;
    // With this id a reader that has no event yet can resume at this position after it lost its
    // connection.
    this.#write(`id: ${identify(this.#cursor - 1)}\nretry: 1000\n\n`);
    const missed = backlog.first() - from;
    if (missed > 0) this.#write(`event: missed\ndata: ${JSON.stringify({ missed })}\n\n`);
  }

  /**
   * Writes one chunk. Returns false if there are no more events for the reader, or if it is
   * blocked.
   */
  serve(): boolean {
    const before = this.#cursor;
    const chunk = this.#nextChunk();
    if (chunk !== '') this.#write(chunk);
    return !this.#blocked && this.#cursor > before;
  }

  /**
   * Writes a comment if nothing was written since the time `since`, so that a dead peer is noticed.
   */
  keepAlive(since: number): void {
    if (!this.#blocked && this.#lastWrite <= since) this.#write(': alive\n\n');
  }

  end(): void {
    this.sink.end();
  }

  /** Sends the number of missed events and ends the stream. */
  drop(): void {
    const { backlog } = this.#options;
    const data = JSON.stringify({ missed: this.missed, next: backlog.get(backlog.first())?.event.time });
    this.sink.write(`event: dropped\ndata: ${data}\n\n`);
    this.sink.end();
  }

  /**
   * Returns the next events that match the filter, as text, which may be empty. Moves the cursor
   * past them.
   */
  #nextChunk(): string {
    const { backlog, identify, limits } = this.#options;
    const last = Math.min(this.#end, this.#cursor + limits.chunkEvents);
    let chunk = '';
    while (chunk.length < limits.chunkCharacters && this.#cursor < last) {
      const entry = backlog.get(this.#cursor);
      if (entry === undefined) break;
      this.#cursor += 1;
      if (!matchesFilter(this.#filter, entry.event)) continue;
      chunk += `id: ${identify(entry.number)}\nevent: ${entry.event.event}\ndata: ${entry.json}\n\n`;
    }
    return chunk;
  }

  #write(text: string): void {
    const { now, drained } = this.#options;
    this.#lastWrite = now();
    this.#blocked = !this.sink.write(text);
    if (!this.#blocked) return;
    this.sink.once('drain', () => {
      this.#blocked = false;
      drained();
    });
  }
}
