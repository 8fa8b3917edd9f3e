import { defer, EMPTY, Observable, type OperatorFunction, type Subscriber, type Subscription } from 'rxjs';
import { Lanes, type Work } from '../lanes.ts';
import type { Shares } from '../ready-lanes.ts';
import { type Slot, Slots } from '../slots.ts';

/** What arrives: an item to be worked on, or the id of an item that is no longer wanted. */
export type Arrival<T> = ({ readonly kind: 'put' } & Work<T>) | { readonly kind: 'drop'; readonly id: string };

export interface GroupOptions<T, R> {
  /** The largest number of items in work at once, with all keys together. At least 1. */
  readonly slots: number;
  /** Emits the number of slots when it is changed. */
  readonly resized$?: Observable<number>;
  /**
   * Works on one item. An error of the returned observable is an error of the whole stream:
   * failures of an item are values.
   */
  readonly project: (item: T, slot: Slot) => Observable<R>;
  /**
   * When it emits, no work starts any more: waiting items are dropped, and the stream completes
   * when the running work has ended.
   */
  readonly drain$?: Observable<unknown>;
  /** Holds waiting items that may not begin for now. Default: holds none. */
  readonly gate?: ItemGate<T>;
  /** Called with a waiting item when a newer one with the same id replaces it. */
  readonly discarded?: (item: T, newer: T) => void;
  /** Called with a waiting item when it is dropped. */
  readonly dropped?: (item: T) => void;
  /** The place where the items are kept, so that others can read them. */
  readonly lanes?: Lanes<T>;
  /** Which items other services take first. Default: none. */
  readonly shares?: Shares;
}

/** Holds items before they are worked on. */
interface ItemGate<T> {
  holds(item: T): boolean;
  /** Emits when items that were held may begin. */
  readonly opened$: Observable<unknown>;
}

/**
 * Works on items one at a time per key, in order of arrival, and on different keys at once, in the
 * given number of slots.
 *
 * An item with the same id is the same item, also under another key. It waits only once, and is
 * never in work under two keys at once. A slot belongs to one item and not to a key, so no key has
 * to wait until another key has no more items. An item that the gate holds waits in its place, and
 * takes no slot. The stream completes when the source has completed (or `drain$` has emitted) and
 * all work has ended. Unsubscribing ends all running work.
 */
export function groupPerUid<T, R>(options: GroupOptions<T, R>): OperatorFunction<Arrival<T>, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      const group = new Group(options, subscriber);
      const arrivals = source.subscribe({
        next: (arrival) => group.take(arrival),
        error: (error) => subscriber.error(error),
        complete: () => group.end(),
      });
      subscriber.add(arrivals);
      subscriber.add((options.resized$ ?? EMPTY).subscribe((slots) => group.resize(slots)));
      subscriber.add((options.gate?.opened$ ?? EMPTY).subscribe(() => group.unpark()));
      subscriber.add(
        options.drain$?.subscribe(() => {
          arrivals.unsubscribe();
          group.drain();
        }),
      );
    });
}

/** open -> ended (no more arrivals) -> complete (nothing runs or waits any more) */
class Group<T, R> {
  readonly #options: GroupOptions<T, R>;
  readonly #subscriber: Subscriber<R>;
  readonly #lanes: Lanes<T>;
  readonly #slots: Slots;
  #ended = false;
  #starting = false;

  constructor(options: GroupOptions<T, R>, subscriber: Subscriber<R>) {
    this.#options = options;
    this.#subscriber = subscriber;
    this.#slots = new Slots(options.slots, () => this.#startReady());
    this.#lanes = options.lanes ?? new Lanes();
    const { gate } = options;
    if (gate !== undefined) this.#lanes.guard((item) => gate.holds(item));
    if (options.shares !== undefined) this.#lanes.share(options.shares);
  }

  take(arrival: Arrival<T>): void {
    if (this.#ended) return;
    if (arrival.kind === 'drop') {
      const before = this.#lanes.drop(arrival.id);
      if (before !== undefined) this.#options.dropped?.(before);
    } else {
      const before = this.#lanes.put(arrival);
      if (before !== undefined) this.#options.discarded?.(before, arrival.item);
    }
    this.#startReady();
  }

  resize(slots: number): void {
    this.#slots.resize(slots);
  }

  unpark(): void {
    this.#lanes.unpark();
    this.#startReady();
  }

  drain(): void {
    this.#lanes.clear();
    this.end();
  }

  end(): void {
    this.#ended = true;
    this.#startReady();
  }

  /**
   * Starts what can be started. Work that ends synchronously calls this again: it is one loop, not
   * a recursion as deep as the queue is long.
   */
  #startReady(): void {
    if (!this.#starting) {
      this.#starting = true;
      while (this.#slots.isFree && !this.#subscriber.closed) {
        const work = this.#lanes.next();
        if (work === undefined) break;
        this.#start(work);
      }
      this.#starting = false;
    }
    if (this.#ended && this.#lanes.works === 0 && this.#lanes.waits === 0) this.#subscriber.complete();
  }

  #start(work: Work<T>): void {
    this.#slots.take();
    let running: Subscription | undefined;
    running = defer(() => this.#options.project(work.item, this.#slots)).subscribe({
      next: (result) => this.#subscriber.next(result),
      error: (error) => this.#subscriber.error(error),
      complete: () => {
        if (running !== undefined) this.#subscriber.remove(running);
        this.#lanes.end(work);
        this.#slots.free();
      },
    });
    if (!running.closed) this.#subscriber.add(running);
  }
}
