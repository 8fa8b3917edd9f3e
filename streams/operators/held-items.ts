import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { LinkedQueue } from '../../src/domain/linked-queue.ts';
import { LONGEST_TIMER } from '../../src/domain/longest-timer.ts';
import { HeldPlaces, moreOf, type Place, placeOf } from '../held-places.ts';

/** Days are `YYYYMMDD`. */
export type Later = { readonly day: string } | { readonly inMilliseconds: number };

type NewPlace<T> = Pick<Place<T>, 'key' | 'id' | 'item' | 'why'>;

export interface HeldItemsOptions<T> {
  /** Today, `YYYYMMDD`. */
  readonly today: () => string;
  /**
   * The interval at which the day is checked while an item waits for one, in milliseconds. Default
   * 1000.
   */
  readonly dayCheckMilliseconds?: number;
  /** Default: the real time. */
  readonly scheduler?: SchedulerLike;
  /** The place where the held items are kept, so that others can read them. */
  readonly places?: HeldPlaces<T>;
}

/**
 * The number of items that are released before other work has its turn. It takes some milliseconds.
 */
const RELEASED_AT_ONCE = 250;

/**
 * The held items, and their release.
 *
 * The calendar is checked periodically, and there is no timer for midnight. So the day is right
 * after the clock was set, after a time zone has changed its offset, and after the machine was
 * suspended. A hundred thousand items may be due on one day, so they are released in slices.
 *
 *   held -> due                its day or time has come, and it waits for its slice
 *   due -> released            its slice has come
 *   held, due -> (unknown)     a newer item with its id replaces it, or it is dropped
 */
export class HeldItems<T> {
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

  constructor(options: HeldItemsOptions<T>, release: (place: Place<T>) => void) {
    const { today, dayCheckMilliseconds = 1_000, scheduler = asyncScheduler, places = new HeldPlaces<T>() } = options;
    this.#places = places;
    this.#today = today;
    this.#dayCheckMilliseconds = dayCheckMilliseconds;
    this.#scheduler = scheduler;
    this.#release = release;
  }

  /**
   * Holds an item until a newer one arrives, unless a newer one is held already. The newer one may
   * be the same failure, as the entry shows it. Then the reason of this item is kept, because it
   * has more details.
   */
  rest(of: NewPlace<T>): void {
    const newer = this.#places.get(of.id);
    if (newer === undefined) this.#places.set(placeOf(of, { rests: true }));
    else if (newer.rests) newer.why = moreOf(of.why, newer.why);
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
