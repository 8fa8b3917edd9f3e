import type { Backlog } from './backlog.ts';
import { type EventFilter, passes } from './event-filter.ts';

/** Where a reader's bytes go: the part of an HTTP response that is needed here. */
export interface ReaderSink {
  /** False: the peer does not take more now; `drain` will tell when it does. */
  write(chunk: string): boolean;
  end(): void;
  destroy(): void;
  once(event: 'drain', listener: () => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

export interface ChunkLimits {
  /** How many characters one write holds, at most (one event may be longer). */
  readonly chunkCharacters: number;
  /** How many events are looked at for one write, at most. */
  readonly chunkEvents: number;
}

export interface ReaderContext {
  /** Makes the id of an event of its number. */
  identify(number: number): string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What a reader reads, and how. */
export interface Reading extends ReaderContext {
  readonly backlog: Backlog;
  readonly limits: ChunkLimits;
  /** The reader can take more again. */
  readonly drained: () => void;
}

/**
 * One reader of the backlog, who gets it as server-sent events (HTML standard, section 9.2).
 *
 * open -> blocked (the peer takes no more now) -> open (it has drained)
 * open, blocked -> ended (`end`: it has all that it asked for; `drop`: it was too slow)
 */
export class EventReader {
  readonly sink: ReaderSink;
  readonly #filter: EventFilter;
  readonly #reading: Reading;
  /** The reader has all that it asked for when its cursor comes here. */
  readonly #end: number;
  /** Number of the next event to look at. */
  #cursor: number;
  #blocked = false;
  #lastWrite: number;

  /** Reads from an event number on, for ever (`follow`) or up to now. */
  constructor(sink: ReaderSink, filter: EventFilter, from: number, follow: boolean, reading: Reading) {
    const { backlog, now } = reading;
    this.sink = sink;
    this.#filter = filter;
    this.#reading = reading;
    this.#cursor = Math.min(Math.max(from, backlog.first()), backlog.next());
    this.#end = follow ? Number.POSITIVE_INFINITY : backlog.next();
    this.#lastWrite = now();
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Whether it has all that it asked for. */
  get isDone(): boolean {
    return this.#cursor >= this.#end;
  }

  /** Whether it can take more, and there is more, or its end is to be told. */
  get isDue(): boolean {
    return !this.#blocked && (this.#cursor < this.#reading.backlog.next() || this.isDone);
  }

  /** How many events it has not read that the backlog no longer holds. */
  get missed(): number {
    return Math.max(0, this.#reading.backlog.first() - this.#cursor);
  }

  /** Says where it begins, and how many of the events from `from` on are gone already. */
  greet(from: number): void {
    const { backlog, identify } = this.#reading;
    // The id lets a reader that has not seen an event yet go on from here after a loss.
    this.#write(`id: ${identify(this.#cursor - 1)}\nretry: 1000\n\n`);
    const missed = backlog.first() - from;
    if (missed > 0) this.#write(`event: missed\ndata: ${JSON.stringify({ missed })}\n\n`);
  }

  /** Writes one chunk; false: there is nothing more for it, or it can take no more now. */
  serve(): boolean {
    const before = this.#cursor;
    const chunk = this.#nextChunk();
    if (chunk !== '') this.#write(chunk);
    return !this.#blocked && this.#cursor > before;
  }

  /** Writes a comment if nothing was written since a time, so that a dead peer is noticed. */
  keepAlive(since: number): void {
    if (!this.#blocked && this.#lastWrite <= since) this.#write(': alive\n\n');
  }

  end(): void {
    this.sink.end();
  }

  /** Ends it, after telling how much it missed. */
  drop(): void {
    const { backlog } = this.#reading;
    const data = JSON.stringify({ missed: this.missed, next: backlog.get(backlog.first())?.event.time });
    this.sink.write(`event: dropped\ndata: ${data}\n\n`);
    this.sink.end();
  }

  /** The next events that it wants, as text; empty: there are none. Moves its cursor past them. */
  #nextChunk(): string {
    const { backlog, identify, limits } = this.#reading;
    const last = Math.min(this.#end, this.#cursor + limits.chunkEvents);
    let chunk = '';
    while (chunk.length < limits.chunkCharacters && this.#cursor < last) {
      const entry = backlog.get(this.#cursor);
      if (entry === undefined) break;
      this.#cursor += 1;
      if (!passes(this.#filter, entry.event)) continue;
      chunk += `id: ${identify(entry.number)}\nevent: ${entry.event.event}\ndata: ${entry.json}\n\n`;
    }
    return chunk;
  }

  #write(text: string): void {
    const { now, drained } = this.#reading;
    this.#lastWrite = now();
    this.#blocked = !this.sink.write(text);
    if (!this.#blocked) return;
    this.sink.once('drain', () => {
      this.#blocked = false;
      drained();
    });
  }
}
