import type { Backlog } from './backlog.ts';
import type { EventFilter } from './event-filter.ts';
import { type ChunkLimits, EventReader, type ReaderContext, type ReaderSink } from './event-reader.ts';

export interface ReaderLimits extends ChunkLimits {
  /** How long readers are served without a pause, in milliseconds. */
  readonly serveMilliseconds: number;
  /** The length of that pause in milliseconds. Events accumulate meanwhile. */
  readonly gatherMilliseconds: number;
  /**
   * The time without a write, in milliseconds, after which a comment is sent, so that dead peers
   * are noticed.
   */
  readonly heartbeatMilliseconds: number;
  /**
   * How long a dropped reader may take to receive what was sent, in milliseconds. Then its
   * connection is closed.
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
   * Adds a reader. It gets the events from number `from` on, either without end or up to now. A
   * message `missed` says how many of them are no longer in the backlog.
   */
  add(sink: ReaderSink, filter: EventFilter, from: number, follow: boolean): void;
  /** Whether the largest number of readers is reached. */
  full(): boolean;
  /** To be called when there are new events in the backlog. */
  wake(): void;
  size(): number;
  /** The number of readers that were dropped for being slow. */
  dropped(): number;
  close(): void;
}

/**
 * Serves readers in turn, in short time slices, so that most of the time remains for the service
 * with any number of readers. A slow reader loses nothing while the backlog contains its unread
 * events. When the backlog no longer does, the reader is dropped: a message `dropped` says how many
 * events it missed, and its connection ends.
 */
export function serveReaders(
  backlog: Backlog,
  context: ReaderContext,
  limits: ReaderLimits = READER_LIMITS,
): EventReaders {
  return new RoundRobinReaders(backlog, context, limits);
}

/**
 * Serves the readers that can take more, one chunk each, in turn.
 *
 * States of a reader:
 *   waiting -> ready   it can take more, and has unread events
 *   ready -> waiting   it was served, and is blocked or has no unread events
 *   ready -> ready     it was served, and comes after the other ready readers
 *   any -> removed     it has all that it requested, its peer closed, or it was dropped
 */
class RoundRobinReaders implements EventReaders {
  readonly #backlog: Backlog;
  readonly #context: ReaderContext;
  readonly #limits: ReaderLimits;
  readonly #readers = new Set<EventReader>();
  /** The readers that can take more and have unread events, in the order of their turns. */
  readonly #ready = new Set<EventReader>();
  /** The timers that close the connections of dropped readers. */
  readonly #closeTimers = new Set<NodeJS.Timeout>();
  readonly #heartbeat: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(backlog: Backlog, context: ReaderContext, limits: ReaderLimits) {
    this.#backlog = backlog;
    this.#context = context;
    this.#limits = limits;
    this.#heartbeat = setInterval(() => this.#sendHeartbeats(), limits.heartbeatMilliseconds / 3);
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
    reader.sendPosition(from);
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
    for (const timer of this.#closeTimers) clearTimeout(timer);
    this.#closeTimers.clear();
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
      // A reader that is added here comes last in this same loop.
      if (!reader.blocked && this.#serve(reader)) this.#ready.add(reader);
      if (now() >= until) break;
    }
    if (this.#ready.size > 0) this.#serveSoon();
  }

  /** Writes one chunk. Returns true if the reader can take another one. */
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
    const closeTimer = setTimeout(() => {
      this.#closeTimers.delete(closeTimer);
      reader.sink.destroy();
    }, this.#limits.dropMilliseconds);
    this.#closeTimers.add(closeTimer);
    reader.sink.on('close', () => {
      clearTimeout(closeTimer);
      this.#closeTimers.delete(closeTimer);
    });
  }

  #remove(reader: EventReader): void {
    this.#readers.delete(reader);
    this.#ready.delete(reader);
  }

  #sendHeartbeats(): void {
    const silent = this.#context.now() - this.#limits.heartbeatMilliseconds;
    for (const reader of this.#readers) reader.keepAlive(silent);
  }
}
