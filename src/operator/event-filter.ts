import { EVENT_NAMES, type EventName, type PublishedEvent } from '../domain/event.ts';

/** Selects events by uid and by name. An empty set selects all. */
export interface EventFilter {
  /** The uids in lower case, because LDAP compares them without case. */
  readonly uids: ReadonlySet<string>;
  readonly events: ReadonlySet<EventName>;
}

/**
 * Creates a filter from lists of words. A word may contain several, separated by commas. Throws a
 * RangeError that names an unknown event.
 */
export function readFilter(asked: { uid?: readonly string[]; event?: readonly string[] }): EventFilter {
  const events = words(asked.event).map((word) => {
    const name = EVENT_NAMES.find((known) => known.toLowerCase() === word.toLowerCase());
    if (name === undefined) {
      throw new RangeError(`"${word.slice(0, 40)}" is not an event; the events are ${EVENT_NAMES.join(', ')}`);
    }
    return name;
  });
  return { uids: new Set(words(asked.uid).map((uid) => uid.toLowerCase())), events: new Set(events) };
}

export function matchesFilter({ uids, events }: EventFilter, event: PublishedEvent): boolean {
  if (events.size > 0 && !events.has(event.event)) return false;
  if (uids.size === 0) return true;
  return 'uid' in event && event.uid !== undefined && uids.has(event.uid.toLowerCase());
}

/**
 * Reads `since`: `all`, `now`, a duration before now (`90s`, `10m`, `2h`, `1d`), or a time (RFC
 * 3339). Returns milliseconds since 1970: events at or after it are selected. Throws a RangeError
 * that says what is expected.
 */
export function readSince(text: string, now: number): number {
  if (text === 'all') return Number.NEGATIVE_INFINITY;
  if (text === 'now') return Number.POSITIVE_INFINITY;
  const duration = /^(\d{1,9})([smhd])$/.exec(text);
  if (duration) {
    const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[duration[2] ?? ''] ?? 1_000;
    return now - Number(duration[1]) * unit;
  }
  const at = /^\d{4}-\d\d-\d\d([T ]|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new RangeError(
      `"${text.slice(0, 40)}" is not a time; give a duration such as 90s, 10m or 2h, a time such as 2026-03-01T02:00:00Z, all or now`,
    );
  }
  return at;
}

function words(given: readonly string[] = []): string[] {
  return given
    .flatMap((text) => text.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
