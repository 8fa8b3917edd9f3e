import type { Env, Hono } from 'hono';
import type { PublishedEvent } from '../domain/event.ts';
import type { Backlog } from './backlog.ts';
import { matchesFilter } from './event-filter.ts';
import { oneAtATime } from './one-at-a-time.ts';

/**
 * Tells the latest of what happened to an account, as JSON. `recent`: its events that are still
 * known, in order.
 */
export type TellHistory = (uid: string, recent: readonly PublishedEvent[]) => Promise<object>;

/** The most requests for a history that wait for each other. Others are told to come again. */
const MOST_WAITING = 16;

/** Serves `/history?uid=UID`. A long journal takes seconds, so there is one at a time. */
export function serveHistory<E extends Env>(app: Hono<E>, backlog: Backlog, tell: TellHistory): void {
  const inTurn = oneAtATime(MOST_WAITING);
  app.get('/history', async (c) => {
    const uid = c.req.query('uid')?.toLowerCase() ?? '';
    if (uid === '') return c.json({ error: 'whose? give uid=UID' }, 400);
    const answer = inTurn(() => tell(uid, eventsOf(backlog, uid)));
    if (answer === undefined) return c.json({ error: 'too many ask for a history: ask again' }, 503);
    return c.json(await answer);
  });
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
