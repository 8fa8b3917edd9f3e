import { Observable, type OperatorFunction, type Subscription } from 'rxjs';

/** What arrives: an item to be worked on, or the news that an item is no longer wanted. */
export type Arrival<T> =
  | { readonly kind: 'put'; readonly key: string; readonly id: string; readonly item: T }
  | { readonly kind: 'drop'; readonly key: string; readonly id: string };

export interface SerializeOptions<T, R> {
  /** How many items are worked on at once, whatever their keys. At least 1. */
  readonly concurrency: number;
  /** Works on one item. An error here is an error of the whole stream: failures of an item are values. */
  readonly project: (item: T) => Observable<R>;
  /** When it emits, nothing new starts: what waits is dropped, what runs is finished, then the stream completes. */
  readonly drain$?: Observable<unknown>;
  /** Called when an item that waited is dropped by a `drop`. */
  readonly dropped?: (item: T) => void;
}

interface Lane<T> {
  working: boolean;
  /** Waiting items by id, oldest first; a newer item of the same id takes the place of the older one. */
  readonly waiting: Map<string, T>;
}

/**
 * Works on items one at a time per key, in order of arrival, and on different keys at once, up to `concurrency`.
 *
 * A lane exists only while something of its key waits or runs, so memory is bounded by what is open; it is never closed by
 * a timer, as that would let a second item of a key start beside the first. The cap is a permit taken by each item, and not
 * by each lane, so that no key waits for another one to become silent. Completes when the source has completed (or
 * `drain$` emitted) and everything is finished; unsubscribing ends all running work.
 */
export function serializeByKey<T, R>(options: SerializeOptions<T, R>): OperatorFunction<Arrival<T>, R> {
  const { concurrency, project, drain$, dropped } = options;
  return (source) =>
    new Observable<R>((subscriber) => {
      const lanes = new Map<string, Lane<T>>();
      /** Keys that have something waiting and nothing running, in the order in which they became so. */
      const ready = new Set<string>();
      let running = 0;
      let ended = false;
      let starting = false;

      const start = (key: string, lane: Lane<T>): void => {
        const next = lane.waiting.entries().next();
        if (next.done) return;
        const [id, item] = next.value;
        lane.waiting.delete(id);
        lane.working = true;
        running += 1;
        let work: Subscription | undefined;
        const settle = (): void => {
          running -= 1;
          lane.working = false;
          if (work !== undefined) subscriber.remove(work);
          if (lane.waiting.size > 0) ready.add(key);
          else lanes.delete(key);
          startReady();
        };
        work = project(item).subscribe({
          next: (result) => subscriber.next(result),
          error: (error) => subscriber.error(error),
          complete: settle,
        });
        if (!work.closed) subscriber.add(work);
      };

      const startReady = (): void => {
        // Work that ends synchronously comes back here: one loop, not a recursion as deep as the queue is long.
        if (starting) return;
        starting = true;
        while (running < concurrency && !subscriber.closed) {
          const next = ready.values().next();
          if (next.done) break;
          ready.delete(next.value);
          const lane = lanes.get(next.value);
          if (lane !== undefined) start(next.value, lane);
        }
        starting = false;
        if (ended && running === 0 && ready.size === 0) subscriber.complete();
      };

      const put = (key: string, id: string, item: T): void => {
        let lane = lanes.get(key);
        if (lane === undefined) {
          lane = { working: false, waiting: new Map() };
          lanes.set(key, lane);
        }
        lane.waiting.set(id, item);
        if (!lane.working) ready.add(key);
        startReady();
      };

      const drop = (key: string, id: string): void => {
        const lane = lanes.get(key);
        const item = lane?.waiting.get(id);
        if (lane === undefined || item === undefined) return;
        lane.waiting.delete(id);
        if (lane.waiting.size === 0) {
          ready.delete(key);
          if (!lane.working) lanes.delete(key);
        }
        dropped?.(item);
      };

      const end = (): void => {
        ended = true;
        startReady();
      };

      const arrivals = source.subscribe({
        next: (arrival) => {
          if (ended) return;
          if (arrival.kind === 'put') put(arrival.key, arrival.id, arrival.item);
          else drop(arrival.key, arrival.id);
        },
        error: (error) => subscriber.error(error),
        complete: end,
      });
      subscriber.add(arrivals);
      subscriber.add(
        drain$?.subscribe(() => {
          ready.clear();
          for (const lane of lanes.values()) lane.waiting.clear();
          arrivals.unsubscribe();
          end();
        }),
      );
    });
}
