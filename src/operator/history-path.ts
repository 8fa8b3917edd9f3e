import type { Env, Hono } from 'hono';
import type { PublishedEvent } from '../domain/event.ts';
import type { Backlog } from './backlog.ts';
import { matchesFilter, readSince } from './event-filter.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Reads the history for `/history`. The results are sent as JSON. */
export interface History {
  /** The recent history of an account. `recent`: its events in the backlog, in order. */
  ofAccount(uid: string, recent: readonly PublishedEvent[]): Promise<object>;
  /** The latest events between two times, in milliseconds since 1970. */
  within(since: number, until: number): Promise<object>;
}

interface HistoryPathOptions {
  readonly history: History;
  readonly backlog: Backlog;
  readonly now: () => number;
}

/** The most requests for a history that wait for each other. A further one is refused. */
const MOST_WAITING = 16;

/**
 * Serves `/history?uid=UID`, and `/history?since=TIME`. The latter returns the events from before
 * this start of the service, because `/events` has the others. To read a long journal takes
 * seconds, so only one request is answered at a time.
 */
export function serveHistory<E extends Env>(app: Hono<E>, { history, backlog, now }: HistoryPathOptions): void {
  const startedAt = now();
  const inTurn = oneAtATime(MOST_WAITING);
  app.get('/history', async (c) => {
    const { uid, since } = c.req.query();
    let read: () => Promise<object>;
    if (uid !== undefined && uid !== '') {
      read = () => history.ofAccount(uid.toLowerCase(), eventsOf(backlog, uid.toLowerCase()));
    } else if (since !== undefined) {
      const from = sinceOf(since, now());
      if (from === undefined) return c.json({ error: 'since is a time, or a duration such as 1h' }, 400);
      read = () => (from < startedAt ? history.within(from, startedAt - 1) : Promise.resolve({ events: [] }));
    } else return c.json({ error: 'a parameter is missing: give uid=UID, or since=TIME' }, 400);
    const answer = inTurn(read);
    if (answer === undefined) return c.json({ error: 'too many clients ask for a history: try again' }, 503);
    return c.json(await answer);
  });
}

function sinceOf(text: string, now: number): number | undefined {
  try {
    return readSince(text, now);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The events of an account, in order. */
function eventsOf(backlog: Backlog, uid: string): PublishedEvent[] {
  const filter = { uids: new Set([uid]), events: new Set<never>() };
  const events: PublishedEvent[] = [];
  for (let number = backlog.first(); number < backlog.next(); number += 1) {
    const event = backlog.get(number)?.event;
    if (event !== undefined && matchesFilter(filter, event)) events.push(event);
  }
  return events;
}
