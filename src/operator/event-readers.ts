import type { Backlog } from './backlog.ts';
import type { EventFilter } from './event-filter.ts';
import { type ChunkLimits, EventReader, type ReaderContext, type ReaderSink } from './event-reader.ts';

export interface ReaderLimits extends ChunkLimits {
  /** How long the readers are served at a stretch, in milliseconds. */
  readonly serveMilliseconds: number;
  /** How long they then wait while events are gathered, in milliseconds. */
  readonly gatherMilliseconds: number;
  /** A comment is sent after so long a silence, in milliseconds, so that dead peers are noticed. */
  readonly heartbeatMilliseconds: number;
  /**
   * How long a dropped reader has to take what was sent, before its connection is cut, in
   * milliseconds.
   */
  readonly dropMilliseconds: number;
  readonly readers: number;
}

export const READER_LIMITS: ReaderLimits = {
  chunkCharacters: 16 * 1024,
  chunkEvents: 2_000,
  serveMilliseconds: 5,
  gatherMilliseconds: 20,
  heartbeatMilliseconds: 15_000,
  dropMilliseconds: 10_000,
  readers: 4_096,
};

/** Serves the backlog to any number of readers. */
export interface EventReaders {
  /**
   * Begins to serve a reader from an event number on, for ever or up to now. An event `missed`
   * tells it how many of those are gone already.
   */
  add(sink: ReaderSink, filter: EventFilter, from: number, follow: boolean): void;
  /** There may be no more readers. */
  full(): boolean;
  /** New events are in the backlog. */
  wake(): void;
  size(): number;
  /** How many readers were dropped for being slow. */
  dropped(): number;
  close(): void;
}

/**
 * Readers are served in turn, and never for long at a stretch: however many there are, most of the
 * time is the service's own. A reader that cannot keep up loses nothing as long as the backlog
 * still holds what it has not read. Once that is not so it is dropped: an event `dropped` tells it
 * how many events it missed, and its connection ends.
 */
export function serveReaders(
  backlog: Backlog,
  context: ReaderContext,
  limits: ReaderLimits = READER_LIMITS,
): EventReaders {
  return new Turns(backlog, context, limits);
}

/**
 * The turns of the readers.
 *
 * A reader waits -> is ready (there is something to read that it can take) -> waits, or is ready
 * again behind the others -> is gone (done, closed by its peer, or dropped)
 */
class Turns implements EventReaders {
  readonly #backlog: Backlog;
  readonly #context: ReaderContext;
  readonly #limits: ReaderLimits;
  readonly #readers = new Set<EventReader>();
  /** Those that have something to read and can take it, in the order of their turns. */
  readonly #ready = new Set<EventReader>();
  /** What will cut the connections of those that were dropped. */
  readonly #cuts = new Set<NodeJS.Timeout>();
  readonly #heartbeat: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(backlog: Backlog, context: ReaderContext, limits: ReaderLimits) {
    this.#backlog = backlog;
    this.#context = context;
    this.#limits = limits;
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMilliseconds / 3);
    this.#heartbeat.unref();
  }

  add(sink: ReaderSink, filter: EventFilter, from: number, follow: boolean): void {
    const reader: EventReader = new EventReader(sink, filter, from, follow, {
      ...this.#context,
      backlog: this.#backlog,
      limits: this.#limits,
      drained: () => {
        if (this.#readers.has(reader)) this.#serveSoon();
      },
    });
    this.#readers.add(reader);
    sink.on('close', () => this.#remove(reader));
    reader.greet(from);
    this.#serveSoon();
  }

  full(): boolean {
    return this.#readers.size >= this.#limits.readers;
  }

  wake(): void {
    if (this.#readers.size > 0) this.#serveSoon();
  }

  size(): number {
    return this.#readers.size;
  }

  dropped(): number {
    return this.#dropped;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#gathering);
    for (const reader of [...this.#readers]) {
      while (!reader.blocked && this.#serve(reader));
      reader.end();
      this.#remove(reader);
    }
    for (const cut of this.#cuts) clearTimeout(cut);
    this.#cuts.clear();
  }

  #serveSoon(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#serveAll();
    }, this.#limits.gatherMilliseconds);
  }

  #serveAll(): void {
    const { now } = this.#context;
    const until = now() + this.#limits.serveMilliseconds;
    for (const reader of this.#readers) {
      if (reader.missed > 0) this.#drop(reader);
      else if (reader.isDue) this.#ready.add(reader);
    }
    for (const reader of this.#ready) {
      this.#ready.delete(reader);
      // Put in again it comes to the end of this very loop.
      if (!reader.blocked && this.#serve(reader)) this.#ready.add(reader);
      if (now() >= until) break;
    }
    if (this.#ready.size > 0) this.#serveSoon();
  }

  /** Writes one chunk; false: it is not this reader's turn again. */
  #serve(reader: EventReader): boolean {
    const isReady = reader.serve();
    if (reader.isDone) {
      this.#remove(reader);
      reader.end();
    }
    return isReady && this.#readers.has(reader);
  }

  #drop(reader: EventReader): void {
    this.#remove(reader);
    this.#dropped += 1;
    reader.drop();
    const cut = setTimeout(() => {
      this.#cuts.delete(cut);
      reader.sink.destroy();
    }, this.#limits.dropMilliseconds);
    this.#cuts.add(cut);
    reader.sink.on('close', () => {
      clearTimeout(cut);
      this.#cuts.delete(cut);
    });
  }

  #remove(reader: EventReader): void {
    this.#readers.delete(reader);
    this.#ready.delete(reader);
  }

  #beat(): void {
    const silent = this.#context.now() - this.#limits.heartbeatMilliseconds;
    for (const reader of this.#readers) reader.keepAlive(silent);
  }
}
