import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { HoldReason } from '../../src/domain/condition.ts';
import { LinkedQueue } from '../../src/domain/linked-queue.ts';
import { HeldPlaces, type Place, placeOf } from '../held-places.ts';
import type { Arrival } from './group-per-uid.ts';

/**
 * What arrives: an item and when it is due, an item whose turn has ended, or the id of an item that
 * is no longer wanted.
 */
export type Held<T> =
  | {
      readonly kind: 'hold';
      readonly key: string;
      readonly id: string;
      readonly item: T;
      readonly due: Due;
      /** Why it is not passed on now. An item that is due `never` is held if there is a reason. */
      readonly why?: HoldReason | undefined;
      /** The item was not reported as queued yet. `released` reports it, if it was held. */
      readonly quiet?: boolean;
      /** The item with this id that waits for a slot is out of date, and is dropped. */
      readonly replaces?: boolean;
    }
  /** Nothing follows until a newer item arrives. One that is held already is newer. */
  | { readonly kind: 'rest'; readonly key: string; readonly id: string; readonly item: T; readonly why: HoldReason }
  | { readonly kind: 'drop'; readonly id: string };

/** Days are `YYYYMMDD`. */
type Later = { readonly day: string } | { readonly inMilliseconds: number };

/** `never`: nothing is done until a newer item with the same id arrives. */
export type Due = Later | 'now' | 'never';

export interface HoldOptions<T> {
  /** Today, `YYYYMMDD`. */
  readonly today: () => string;
  /** Returns the item to pass on for one that had to wait, as it may be out of date. */
  readonly released: (item: T) => T;
  /** Called with a held item when a newer one with the same id replaces it. */
  readonly discarded: (item: T, newer: T) => void;
  /** Called with a held item when it is dropped. */
  readonly dropped?: (item: T) => void;
  /**
   * The interval at which the day is checked while an item waits for one, in milliseconds. Default
   * 1000.
   */
  readonly dayCheckMilliseconds?: number;
  /** Default: the real time. */
  readonly scheduler?: SchedulerLike;
  /** Where the held items are kept, for others to see. */
  readonly places?: HeldPlaces<T>;
}

type NewPlace<T> = Pick<Place<T>, 'key' | 'id' | 'item' | 'why'>;

/** The longest delay of setTimeout, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The number of items that are released before other work has its turn. It takes some milliseconds.
 */
const RELEASED_AT_ONCE = 250;

/**
 * Passes on what is due, and holds the rest until its day or its time, or until a newer item with
 * the same id arrives. Drops are passed on. Memory is bounded by the items that are held.
 *
 * The day is found by checking the calendar periodically, not by a timer for midnight. So a clock
 * that is set, a time zone that changes its offset and a machine that slept do no harm. A hundred
 * thousand items may be due on one day: they are released in slices.
 *
 *   held -> due                its day or time has come, and its slice has not
 *   due -> released            its slice has come
 *   held, due -> (unknown)     a newer item with its id replaces it, or it is dropped
 *
 * An item that is due `now` is not held. One that is due `never` is held until a newer one arrives.
 */
export function holdUntilDue<T>(options: HoldOptions<T>): OperatorFunction<Held<T>, Arrival<T>> {
  return (source) =>
    new Observable<Arrival<T>>((subscriber) => {
      const pass = (arrival: Arrival<T>) => subscriber.next(arrival);
      const held = new HeldItems<T>(options, ({ key, id, item }) =>
        pass({ kind: 'put', key, id, item: options.released(item) }),
      );
      const arrivals = source.subscribe({
        next: (arrival) => take(arrival, held, options, pass),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      subscriber.add(arrivals);
      subscriber.add(() => held.stop());
    });
}

function take<T>(
  arrival: Held<T>,
  held: HeldItems<T>,
  options: HoldOptions<T>,
  pass: (arrival: Arrival<T>) => void,
): void {
  if (arrival.kind === 'rest') {
    held.rest(arrival);
    return;
  }
  const before = held.remove(arrival.id);
  if (arrival.kind === 'hold') {
    renew(arrival, before, held, options, pass);
    return;
  }
  if (before !== undefined) options.dropped?.(before.item);
  pass(arrival);
}

/** Holds a newer item instead of what was held before, or passes it on. */
function renew<T>(
  arrival: Extract<Held<T>, { readonly kind: 'hold' }>,
  before: Place<T> | undefined,
  held: HeldItems<T>,
  { released, discarded }: HoldOptions<T>,
  pass: (arrival: Arrival<T>) => void,
): void {
  const { key, id, item, due, quiet = false, replaces = false } = arrival;
  const hadTime = before !== undefined && !before.rests;
  if (hadTime) discarded(before.item, item);
  const why = moreOf(before?.why, arrival.why);
  if (replaces) pass({ kind: 'drop', id });
  const isRelease = quiet && hadTime;
  if (due === 'now') pass({ kind: 'put', key, id, item: isRelease ? released(item) : item });
  else if (due !== 'never') held.add({ key, id, item, why }, due);
  else if (why !== undefined) held.rest({ key, id, item, why });
}

/** The reason that says more: an entry shows of its failure only the return value. */
function moreOf(before: HoldReason | undefined, now: HoldReason | undefined): HoldReason | undefined {
  if (before?.condition !== 'failed' || now?.condition !== 'failed') return now;
  return before.returnValue === now.returnValue ? before : now;
}

/** The held items, and their release. */
class HeldItems<T> {
  readonly #today: () => string;
  readonly #dayCheckMilliseconds: number;
  readonly #scheduler: SchedulerLike;
  readonly #release: (place: Place<T>) => void;
  readonly #places: HeldPlaces<T>;
  readonly #days = new Map<string, LinkedQueue<Place<T>>>();
  /** The queues that are being released, in order. */
  readonly #due: LinkedQueue<Place<T>>[] = [];
  #dayCheck: Subscription | undefined;
  #slice: Subscription | undefined;

  constructor(options: HoldOptions<T>, release: (place: Place<T>) => void) {
    const { today, dayCheckMilliseconds = 1_000, scheduler = asyncScheduler, places = new HeldPlaces<T>() } = options;
    this.#places = places;
    this.#today = today;
    this.#dayCheckMilliseconds = dayCheckMilliseconds;
    this.#scheduler = scheduler;
    this.#release = release;
  }

  rest(of: NewPlace<T>): void {
    if (!this.#places.has(of.id)) this.#places.set(placeOf(of, { rests: true }));
  }

  add(of: NewPlace<T>, due: Later): void {
    if ('day' in due) {
      this.#addTo(this.#queueOf(due.day), placeOf(of, { day: due.day }));
      this.#watchDays();
      return;
    }
    const place = placeOf(of);
    this.#places.set(place);
    this.#wake(place, due.inMilliseconds);
  }

  remove(id: string): Place<T> | undefined {
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    const { day, queue, timer } = place;
    this.#places.delete(id);
    timer?.unsubscribe();
    queue?.remove(place);
    if (day !== undefined && queue?.first === undefined && this.#days.get(day) === queue) this.#days.delete(day);
    return place;
  }

  stop(): void {
    this.#dayCheck?.unsubscribe();
    this.#slice?.unsubscribe();
    for (const { timer } of this.#places.values()) timer?.unsubscribe();
  }

  #addTo(queue: LinkedQueue<Place<T>>, place: Place<T>): void {
    place.queue = queue;
    queue.add(place);
    this.#places.set(place);
  }

  #queueOf(day: string): LinkedQueue<Place<T>> {
    const queue = this.#days.get(day) ?? new LinkedQueue();
    this.#days.set(day, queue);
    return queue;
  }

  #watchDays(): void {
    if (this.#dayCheck !== undefined || this.#days.size === 0) return;
    this.#dayCheck = this.#scheduler.schedule(() => {
      this.#dayCheck = undefined;
      const now = this.#today();
      for (const [day, queue] of this.#days) {
        if (day > now) continue;
        this.#days.delete(day);
        this.#letGo(queue);
      }
      this.#watchDays();
    }, this.#dayCheckMilliseconds);
  }

  #wake(place: Place<T>, inMilliseconds: number): void {
    const step = Math.min(inMilliseconds, LONGEST_TIMER);
    const isOver = (): void => {
      if (inMilliseconds > step) {
        this.#wake(place, inMilliseconds - step);
        return;
      }
      const queue = new LinkedQueue<Place<T>>();
      this.#addTo(queue, place);
      this.#letGo(queue);
    };
    place.timer = this.#scheduler.schedule(isOver, step);
  }

  #letGo(queue: LinkedQueue<Place<T>>): void {
    this.#due.push(queue);
    this.#slice ??= this.#scheduleSlice();
  }

  #scheduleSlice(): Subscription {
    return this.#scheduler.schedule(() => {
      let queues = 0;
      for (let released = 0; released < RELEASED_AT_ONCE && queues < this.#due.length; ) {
        const place = this.#due[queues]?.first;
        if (place === undefined) {
          queues += 1;
          continue;
        }
        this.remove(place.id);
        this.#release(place);
        released += 1;
      }
      this.#due.splice(0, queues);
      this.#slice = this.#due.length > 0 ? this.#scheduleSlice() : undefined;
    });
  }
}
