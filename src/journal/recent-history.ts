import { EVENT_NAMES, type EventName, type PublishedEvent } from '../domain/event.ts';
import { AccountHistory } from './account-history.ts';
import type { HistoryItem } from './history-item.ts';
import { JournalError } from './journal-error.ts';
import { lastInJournal } from './read-journal.ts';

/** The most events of an account from which its recent history is made. */
const MOST_EVENTS = 400;

/** The latest of what happened to an account. */
export interface RecentHistory {
  readonly uid: string;
  /** Where it is from: the journal, or the events that the service still has. */
  readonly by: 'journal' | 'service';
  /** In order. */
  readonly items: readonly HistoryItem[];
  /** There may be more, from before the first item. */
  readonly isCut: boolean;
  /** Why the journal could not be read. */
  readonly fault?: string;
}

export interface RecentHistoryOptions {
  /** The folder of the journal; null: there is none. */
  readonly directory: string | null;
  /** The latest events of the account that the service still has, in order. */
  readonly recent: readonly PublishedEvent[];
}

/**
 * Tells the latest of what happened to an account: by the journal, or else by the given events. It
 * reads no more of the journal than it needs, in bounded memory.
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

/** The most events that are told of a time. */
const MOST_WITHIN = 5_000;
/** Lines of output are part of the history of an account. */
const WITHOUT_OUTPUT: ReadonlySet<EventName> = new Set(EVENT_NAMES.filter((name) => name !== 'output'));

/**
 * The latest events within a time, in order, by the journal. None without a journal, or if it
 * cannot be read.
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
