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

export interface ReaderLimits {
  /** How many characters one write holds, at most (one event may be longer). */
  readonly chunkCharacters: number;
  /** How many events are looked at for one write, at most. */
  readonly chunkEvents: number;
  /** How long the readers are served at a stretch, and how long they then wait while events are gathered, in milliseconds. */
  readonly serveMilliseconds: number;
  readonly gatherMilliseconds: number;
  /** A comment is sent after so long a silence, in milliseconds, so that dead peers are noticed. */
  readonly heartbeatMilliseconds: number;
  /** How long a dropped reader has to take what was sent, before its connection is cut, in milliseconds. */
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

interface Reader {
  readonly sink: ReaderSink;
  readonly filter: EventFilter;
  /** Number of the next event to look at. */
  cursor: number;
  /** The reader is done when its cursor comes here. */
  readonly end: number;
  /** The sink has said that it takes no more; nothing is written until it drains. */
  blocked: boolean;
  lastWrite: number;
}

export interface ReaderContext {
  /** Makes the id of an event of its number. */
  identify(number: number): string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Serves the backlog to any number of readers as server-sent events (HTML standard, section 9.2). */
export interface EventReaders {
  /** Begins to serve a reader from an event number on, for ever or up to now; an event `missed` tells it how many of those are gone already. */
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
 * Readers are served in turn, and never for long at a stretch: however many there are, most of the time is the service's own. A
 * reader that cannot keep up loses nothing as long as the backlog still holds what it has not read. Once that is not so
 * it is dropped: an event `dropped` tells it how many events it missed, and its connection ends.
 */
export function serveReaders(
  backlog: Backlog,
  { identify, now }: ReaderContext,
  limits: ReaderLimits = READER_LIMITS,
): EventReaders {
  const readers = new Set<Reader>();
  /** Those that have something to read and can take it, in the order of their turns. */
  const ready = new Set<Reader>();
  const cuts = new Set<NodeJS.Timeout>();
  let gathering: NodeJS.Timeout | undefined;
  let dropped = 0;

  const write = (reader: Reader, text: string) => {
    reader.lastWrite = now();
    reader.blocked = !reader.sink.write(text);
    if (reader.blocked) {
      reader.sink.once('drain', () => {
        reader.blocked = false;
        if (readers.has(reader)) serveSoon();
      });
    }
  };

  const remove = (reader: Reader) => {
    readers.delete(reader);
    ready.delete(reader);
  };

  const drop = (reader: Reader) => {
    remove(reader);
    dropped += 1;
    const missed = backlog.first() - reader.cursor;
    const data = JSON.stringify({ missed, next: backlog.get(backlog.first())?.event.time });
    reader.sink.write(`event: dropped\ndata: ${data}\n\n`);
    reader.sink.end();
    const cut = setTimeout(() => {
      cuts.delete(cut);
      reader.sink.destroy();
    }, limits.dropMilliseconds);
    cuts.add(cut);
    reader.sink.on('close', () => {
      clearTimeout(cut);
      cuts.delete(cut);
    });
  };

  /** Writes one chunk; false: there is nothing more for the reader, or it can take no more now. */
  const serve = (reader: Reader): boolean => {
    const before = reader.cursor;
    const chunk = nextChunk(backlog, reader, identify, limits);
    if (chunk !== '') write(reader, chunk);
    if (reader.cursor >= reader.end) {
      remove(reader);
      reader.sink.end();
    }
    return !reader.blocked && reader.cursor > before && readers.has(reader);
  };

  const isDue = ({ blocked, cursor, end }: Reader) => !blocked && (cursor < backlog.next() || cursor >= end);

  const serveAll = () => {
    const until = now() + limits.serveMilliseconds;
    for (const reader of readers) {
      if (reader.cursor < backlog.first()) drop(reader);
      else if (isDue(reader)) ready.add(reader);
    }
    for (const reader of ready) {
      ready.delete(reader);
      // Put in again it comes to the end of this very loop.
      if (!reader.blocked && serve(reader)) ready.add(reader);
      if (now() >= until) break;
    }
    if (ready.size > 0) serveSoon();
  };

  const serveSoon = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      serveAll();
    }, limits.gatherMilliseconds);
  };

  const heartbeat = setInterval(() => {
    const silent = now() - limits.heartbeatMilliseconds;
    for (const reader of readers) if (!reader.blocked && reader.lastWrite <= silent) write(reader, ': alive\n\n');
  }, limits.heartbeatMilliseconds / 3);
  heartbeat.unref();

  return {
    add: (sink, filter, from, follow) => {
      const reader: Reader = {
        sink,
        filter,
        cursor: Math.min(Math.max(from, backlog.first()), backlog.next()),
        end: follow ? Number.POSITIVE_INFINITY : backlog.next(),
        blocked: false,
        lastWrite: now(),
      };
      readers.add(reader);
      sink.on('close', () => remove(reader));
      // The id lets a reader that has not seen an event yet go on from here after a loss.
      write(reader, `id: ${identify(reader.cursor - 1)}\nretry: 1000\n\n`);
      const missed = backlog.first() - from;
      if (missed > 0) write(reader, `event: missed\ndata: ${JSON.stringify({ missed })}\n\n`);
      serveSoon();
    },
    full: () => readers.size >= limits.readers,
    wake: () => {
      if (readers.size > 0) serveSoon();
    },
    size: () => readers.size,
    dropped: () => dropped,
    close: () => {
      clearInterval(heartbeat);
      clearTimeout(gathering);
      for (const reader of [...readers]) {
        while (!reader.blocked && serve(reader));
        reader.sink.end();
        remove(reader);
      }
      for (const cut of cuts) clearTimeout(cut);
      cuts.clear();
    },
  };
}

/** The next events that a reader wants, as text, and its cursor moved past them; empty where there are none. */
function nextChunk(
  backlog: Backlog,
  reader: Reader,
  identify: (number: number) => string,
  { chunkCharacters, chunkEvents }: ReaderLimits,
): string {
  let chunk = '';
  const last = Math.min(reader.end, reader.cursor + chunkEvents);
  while (chunk.length < chunkCharacters && reader.cursor < last) {
    const entry = backlog.get(reader.cursor);
    if (entry === undefined) break;
    reader.cursor += 1;
    if (!passes(reader.filter, entry.event)) continue;
    chunk += `id: ${identify(entry.number)}\nevent: ${entry.event.event}\ndata: ${entry.json}\n\n`;
  }
  return chunk;
}
