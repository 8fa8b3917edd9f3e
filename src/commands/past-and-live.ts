import type { PublishedEvent } from '../domain/event.ts';
import { JournalError } from '../journal/journal-error.ts';
import type { JournalItem } from '../journal/journal-lines.ts';
import { readJournal } from '../journal/read-journal.ts';
import { readFilter, readSince } from '../operator/event-filter.ts';
import { type Followed, type FollowOptions, followEvents } from '../operator/follow-events.ts';
import { journalFolder } from './journal-folder.ts';

/** Selects events, by uid, name and time. */
export interface PastAndLiveOptions extends FollowOptions {
  readonly since: string;
  /** The time up to which the journal is read, in milliseconds since 1970. */
  readonly until: number;
  /** The configuration that names the journal, if there is one. */
  readonly config?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Called with a sentence if the journal cannot be read. */
  readonly note: (text: string) => void;
}

/**
 * Yields the events of a service since a time: first those of its journal, if the configuration has
 * one, and then those of the running service. No event is missing or repeated at the transition.
 * Without a journal, or if this user may not read it, it begins with the backlog of the service.
 * Rejects as `followEvents` does.
 */
export async function* pastAndLive(
  address: string,
  { config, now, note, ...options }: PastAndLiveOptions,
): AsyncGenerator<Followed> {
  const directory = config === undefined || options.since === 'now' ? null : await journalFolder(config);
  const shown = new LastShown();
  if (directory !== null) {
    try {
      for await (const items of readJournal(directory, queryOf(options, now))) yield* shown.past(items);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      note(`the journal cannot be read, so earlier events are missing: ${error.message}`);
    }
  }
  for await (const followed of followEvents(address, { ...options, since: shown.time ?? options.since })) {
    if (followed.kind !== 'event' || !shown.has(followed.event)) yield followed;
  }
}

function queryOf(
  { uids = [], events = [], since, until }: Omit<PastAndLiveOptions, 'config' | 'now' | 'note'>,
  now: number,
) {
  const filter = readFilter({ uid: uids, event: events });
  return { since: readSince(since, now), until, filter };
}

/**
 * Remembers the last events from the journal, so that none is shown twice. The events of the
 * service are read from the time of the last event on, and several events can have that time.
 */
class LastShown {
  time: string | undefined;
  #texts = new Set<string>();

  *past(items: readonly JournalItem[]): Generator<Followed> {
    for (const item of items) {
      if (item.kind === 'missed') yield { kind: 'missed', events: item.events };
      if (item.kind !== 'event') continue;
      this.#add(item.event);
      yield item;
    }
  }

  has(event: PublishedEvent): boolean {
    return event.time === this.time && this.#texts.has(JSON.stringify(event));
  }

  #add(event: PublishedEvent): void {
    if (event.time !== this.time) this.#texts = new Set();
    this.time = event.time;
    this.#texts.add(JSON.stringify(event));
  }
}
