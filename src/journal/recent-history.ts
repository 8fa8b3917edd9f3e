import { EVENT_NAMES, type EventName, type PublishedEvent } from '../domain/event.ts';
import { AccountHistory } from './account-history.ts';
import type { HistoryItem } from './history-item.ts';
import { JournalError } from './journal-error.ts';
import { lastInJournal } from './read-journal.ts';

/** The most events of an account from which its recent history is made. */
const MOST_EVENTS = 400;

/** The latest part of the history of an account. */
export interface RecentHistory {
  readonly uid: string;
  /** The source: the journal, or the backlog of the service. */
  readonly by: 'journal' | 'service';
  /** The items in the order of time. */
  readonly items: readonly HistoryItem[];
  /** Whether older items may exist that are not included. */
  readonly isCut: boolean;
  /** Why the journal could not be read. */
  readonly fault?: string;
}

export interface RecentHistoryOptions {
  /** The folder of the journal; null: there is none. */
  readonly directory: string | null;
  /** The events of the account in the backlog of the service, in order. */
  readonly recent: readonly PublishedEvent[];
}

/**
 * Returns the recent history of an account according to the journal, or else according to the given
 * events. It reads only as much of the journal as needed, in bounded memory.
 */
export async function recentHistory(uid: string, { directory, recent }: RecentHistoryOptions): Promise<RecentHistory> {
  if (directory === null) return historyBy('service', uid, recent);
  const filter = { uids: new Set([uid.toLowerCase()]), events: new Set<never>() };
  const query = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, filter };
  try {
    return historyBy('journal', uid, await lastInJournal(directory, query, MOST_EVENTS));
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return { ...historyBy('service', uid, recent), fault: error.message };
  }
}

/** The most events that `eventsWithin` returns. */
const MOST_WITHIN = 5_000;
/** All events except the output of scripts, which only the history of one account shows. */
const WITHOUT_OUTPUT: ReadonlySet<EventName> = new Set(EVENT_NAMES.filter((name) => name !== 'output'));

/**
 * Returns the latest events within a period according to the journal, in order. It returns none if
 * there is no journal, or if the journal cannot be read.
 */
export async function eventsWithin(
  directory: string | null,
  since: number,
  until: number,
): Promise<{ readonly events: readonly PublishedEvent[] }> {
  if (directory === null) return { events: [] };
  const query = { since, until, filter: { uids: new Set<string>(), events: WITHOUT_OUTPUT } };
  try {
    return { events: await lastInJournal(directory, query, MOST_WITHIN) };
  } catch (error) {
    if (error instanceof JournalError) return { events: [] };
    throw error;
  }
}

function historyBy(by: RecentHistory['by'], uid: string, events: readonly PublishedEvent[]): RecentHistory {
  const account = new AccountHistory();
  const items = events.slice(-MOST_EVENTS).flatMap((event) => account.take(event));
  return { uid, by, items: [...items, ...account.end()], isCut: events.length >= MOST_EVENTS };
}
