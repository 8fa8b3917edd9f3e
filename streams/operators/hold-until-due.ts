import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { Arrival } from './serialize-by-key.ts';

/** What arrives: an item with when it is due, or the news that it is no longer wanted. */
export type Held<T> =
  | {
      readonly kind: 'hold';
      readonly key: string;
      readonly id: string;
      readonly item: T;
      readonly due: Due;
      /** Nobody was told that it is due now, if it is. */
      readonly quiet?: boolean;
      /** What was let through before and has not been taken up is out of date. */
      readonly replaces?: boolean;
    }
  | { readonly kind: 'drop'; readonly key: string; readonly id: string };

/** `never`: only a newer item of the same id helps. Days are `YYYYMMDD`. */
export type Due = { readonly day: string } | { readonly inMilliseconds: number } | 'now' | 'never';

export interface HoldOptions<T> {
  /** Today, `YYYYMMDD`. */
  readonly today: () => string;
  /** What becomes of an item that had to wait: it may be out of date. */
  readonly released: (item: T) => T;
  /** Called when a held item is replaced by a newer one of the same id, or dropped. */
  readonly discarded: (item: T, by: 'newer' | 'drop') => void;
  /** How often the day is looked at while something waits for one, in milliseconds. */
  readonly dayCheckMilliseconds?: number;
  /** Told the item's key with each timer that is set for one item. */
  readonly scheduler?: SchedulerLike;
}

interface Place<T> {
  readonly key: string;
  readonly item: T;
  readonly day?: string;
  readonly timer?: Subscription;
}

/** setTimeout knows no longer delay. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Lets through what is due and holds the rest until its day or its time, or until a newer item of the same id comes. Days
 * are found by looking at the calendar again and again, not by a timer set for midnight: so a clock that is set, a zone
 * that changes its offset and a machine that slept do no harm. Drops are passed on. Bounded by the items that are held.
 */
export function holdUntilDue<T>(options: HoldOptions<T>): OperatorFunction<Held<T>, Arrival<T>> {
  const { today, released, discarded, dayCheckMilliseconds = 1_000, scheduler = asyncScheduler } = options;
  return (source) =>
    new Observable<Arrival<T>>((subscriber) => {
      const held = new Map<string, Place<T>>();
      const idsByDay = new Map<string, Set<string>>();
      let dayCheck: Subscription | undefined;

      const remove = (id: string): Place<T> | undefined => {
        const place = held.get(id);
        if (place === undefined) return undefined;
        held.delete(id);
        place.timer?.unsubscribe();
        if (place.day !== undefined) {
          const ids = idsByDay.get(place.day);
          ids?.delete(id);
          if (ids?.size === 0) idsByDay.delete(place.day);
        }
        return place;
      };

      const release = (id: string): void => {
        const place = remove(id);
        if (place !== undefined) subscriber.next({ kind: 'put', key: place.key, id, item: released(place.item) });
      };

      const watchDays = (): void => {
        if (dayCheck !== undefined || idsByDay.size === 0) return;
        dayCheck = scheduler.schedule(() => {
          dayCheck = undefined;
          const now = today();
          for (const [day, ids] of [...idsByDay]) {
            if (day <= now) for (const id of [...ids]) release(id);
          }
          watchDays();
        }, dayCheckMilliseconds);
      };

      const wake = (key: string, id: string, inMilliseconds: number): Subscription => {
        const step = Math.min(inMilliseconds, LONGEST_TIMER);
        const due = (): void => {
          const place = held.get(id);
          if (place === undefined || inMilliseconds <= LONGEST_TIMER) release(id);
          else held.set(id, { ...place, timer: wake(key, id, inMilliseconds - step) });
        };
        return scheduler.schedule(due, step, key);
      };

      const hold = (key: string, id: string, item: T, due: Due): void => {
        if (due === 'never') return;
        if (due === 'now') {
          subscriber.next({ kind: 'put', key, id, item });
        } else if ('day' in due) {
          held.set(id, { key, item, day: due.day });
          idsByDay.set(due.day, (idsByDay.get(due.day) ?? new Set()).add(id));
          watchDays();
        } else {
          held.set(id, { key, item, timer: wake(key, id, due.inMilliseconds) });
        }
      };

      subscriber.add(
        source.subscribe({
          next: (arrival) => {
            const before = remove(arrival.id);
            if (before !== undefined) discarded(before.item, arrival.kind === 'drop' ? 'drop' : 'newer');
            if (arrival.kind === 'drop') {
              subscriber.next(arrival);
              return;
            }
            const { key, id, item, due, quiet = false, replaces = false } = arrival;
            if (replaces) subscriber.next({ kind: 'drop', key, id });
            const isRelease = quiet && before !== undefined && due === 'now';
            hold(key, id, isRelease ? released(item) : item, due);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(() => {
        dayCheck?.unsubscribe();
        for (const place of held.values()) place.timer?.unsubscribe();
      });
    });
}
