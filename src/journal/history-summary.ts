import { defined } from '../domain/defined.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import { causeKey, withoutUid } from '../domain/failure-cause.ts';
import { readMode } from '../domain/mode.ts';

/** The events that a summary counts. */
export const SUMMARY_EVENTS: ReadonlySet<EventName> = new Set([
  'received',
  'finished',
  'failed',
  'retrying',
  'superseded',
  'resumed',
  'conflict',
]);

/** Attempts with the same outcome, or other events with the same cause. */
export interface OutcomeGroup {
  readonly event: EventName;
  readonly mode: string;
  readonly returnValue?: number;
  readonly step?: string;
  /** The last words of the script, or else the reason. `{uid}` replaces the uid in it. */
  readonly cause?: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly longestMilliseconds?: number;
  /** The uids of the group in the order of their first events, at most `MOST_UIDS`. */
  readonly uids: readonly string[];
}

export interface HistorySummary {
  /**
   * How many requests the service saw, by mode and by the DN that wrote them (`''`: the directory
   * does not show it).
   */
  readonly requests: ReadonlyArray<{ readonly modifiedBy: string; readonly mode: string; readonly count: number }>;
  /** The largest groups first. */
  readonly outcomes: readonly OutcomeGroup[];
  /** The number of events in groups beyond the limit. */
  readonly ungrouped: number;
}

/** The most groups, and the most uids of each, so that memory is bounded. */
const MOST_GROUPS = 1_000;
export const MOST_UIDS = 1_000;

interface Group {
  readonly about: Pick<OutcomeGroup, 'event' | 'mode' | 'returnValue' | 'step' | 'cause' | 'first'>;
  readonly uids: Set<string>;
  count: number;
  last: string;
  longest: number | undefined;
}

/** Groups the events of a period by outcome and cause. */
export class Summary {
  readonly #groups = new Map<string, Group>();
  readonly #requests = new Map<string, { modifiedBy: string; mode: string; count: number }>();
  #ungrouped = 0;

  take(event: PublishedEvent): void {
    switch (event.event) {
      case 'received':
        this.#countRequest(event.mode, event.modifiedBy ?? '');
        return;
      case 'finished':
        this.#count(event, { milliseconds: event.milliseconds });
        return;
      case 'failed': {
        const { returnValue, step, cause, reason } = event;
        this.#count(event, { returnValue, step, cause: cause ?? reason });
        return;
      }
      case 'retrying':
        this.#count(event, { cause: event.cause ?? event.reason });
        return;
      case 'superseded':
      case 'conflict':
        this.#count(event, { cause: event.reason });
        return;
      case 'resumed':
        this.#count(event, {});
        return;
      default:
        return;
    }
  }

  result(): HistorySummary {
    const groups = [...this.#groups.values()].sort((one, other) => other.count - one.count);
    return {
      requests: [...this.#requests.values()].sort((one, other) => other.count - one.count),
      outcomes: groups.map(({ about, uids, count, last, longest }) => ({
        ...about,
        count,
        last,
        ...defined({ longestMilliseconds: longest }),
        uids: [...uids],
      })),
      ungrouped: this.#ungrouped,
    };
  }

  #countRequest(stored: string, modifiedBy: string): void {
    const reading = readMode(stored);
    if (reading?.phase !== 'requested') return;
    const { mode } = reading;
    const key = `${mode} ${modifiedBy.toLowerCase()}`;
    const known = this.#requests.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#requests.size < MOST_GROUPS) this.#requests.set(key, { modifiedBy, mode, count: 1 });
    else this.#ungrouped += 1;
  }

  #count(
    { event, time, uid = '', mode: stored = '' }: PublishedEvent & { readonly uid?: string; readonly mode?: string },
    what: { returnValue?: number; step?: string; cause?: string; milliseconds?: number },
  ): void {
    const { milliseconds, cause, ...code } = what;
    const mode = readMode(stored)?.mode ?? stored;
    const about = { event, mode, ...code, ...(cause === undefined ? {} : { cause: withoutUid(cause, uid) }) };
    const key = `${event} ${mode} ${causeKey({ ...code, words: cause }, uid)}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= MOST_GROUPS) {
        this.#ungrouped += 1;
        return;
      }
      group = { about: { ...about, first: time }, uids: new Set(), count: 0, last: time, longest: undefined };
      this.#groups.set(key, group);
    }
    group.count += 1;
    group.last = time;
    if (group.uids.size < MOST_UIDS) group.uids.add(uid);
    if (milliseconds !== undefined) group.longest = Math.max(group.longest ?? 0, milliseconds);
  }
}
