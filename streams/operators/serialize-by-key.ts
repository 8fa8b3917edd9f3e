import { defer, Observable, type OperatorFunction, type Subscription } from 'rxjs';

/** What arrives: an item to be worked on, or the news that an item is no longer wanted. */
export type Arrival<T> =
  | { readonly kind: 'put'; readonly key: string; readonly id: string; readonly item: T }
  | { readonly kind: 'drop'; readonly key: string; readonly id: string };

export interface SerializeOptions<T, R> {
  /** How many items are worked on at once, whatever their keys. At least 1. */
  readonly concurrency: number;
  /** Works on one item. An error here is an error of the whole stream: failures of an item are values. */
  readonly project: (item: T, permit: Permit) => Observable<R>;
  /** When it emits, nothing new starts: what waits is dropped, what runs is finished, then the stream completes. */
  readonly drain$?: Observable<unknown>;
  /** Kept up to date, for whoever wants to know how much is going on. */
  readonly load?: Load;
}

/** What lets one item be worked on beside the others. */
export interface Permit {
  /** Lets another item have it until the waiting is over, and gets it back; the other items of its key wait all the same. */
  lend(waiting: () => Promise<void>): Promise<void>;
}

/** How many items are worked on, and how many wait for a permit or for the one before them. */
export interface Load {
  running: number;
  waiting: number;
}

interface Lane<T> {
  working: boolean;
  /** Waiting items by id, oldest first; a newer item of the same id takes the place of the older one. */
  readonly waiting: Map<string, T>;
}

/**
 * Works on items one at a time per key, in order of arrival, and on different keys at once, up to `concurrency`.
 *
 * An item that was put under another key before is the same item: it waits once, and is not worked on under two keys at once.
 *
 * A lane exists only while something of its key waits or runs, so memory is bounded by what is open; it is never closed by
 * a timer, as that would let a second item of a key start beside the first. The cap is a permit taken by each item, and not
 * by each lane, so that no key waits for another one to become silent. Completes when the source has completed (or
 * `drain$` emitted) and everything is finished; unsubscribing ends all running work.
 */
export function serializeByKey<T, R>(options: SerializeOptions<T, R>): OperatorFunction<Arrival<T>, R> {
  const { concurrency, project, drain$, load = { running: 0, waiting: 0 } } = options;
  return (source) =>
    new Observable<R>((subscriber) => {
      const lanes = new Map<string, Lane<T>>();
      /** Keys that have something waiting and nothing running, in the order in which they became so. */
      const ready = new Set<string>();
      /** Of each waiting item, the key under which it waits. */
      const keyOf = new Map<string, string>();
      /** Of each item that is worked on, the other keys that have to wait for it. */
      const working = new Map<string, Set<string>>();
      /** Permits that are taken, and who wants the one back that he has lent. */
      let taken = 0;
      const wanted: Array<() => void> = [];
      let ended = false;
      let starting = false;

      const permit: Permit = {
        lend: async (waiting) => {
          taken -= 1;
          startReady();
          try {
            await waiting();
          } finally {
            if (taken >= concurrency) await new Promise<void>((resolve) => wanted.push(resolve));
            else taken += 1;
          }
        },
      };

      const start = (key: string, lane: Lane<T>): void => {
        const next = lane.waiting.entries().next();
        if (next.done) return;
        const [id, item] = next.value;
        const elsewhere = working.get(id);
        if (elsewhere !== undefined) {
          elsewhere.add(key);
          return;
        }
        lane.waiting.delete(id);
        keyOf.delete(id);
        lane.working = true;
        working.set(id, new Set());
        load.waiting -= 1;
        load.running += 1;
        taken += 1;
        let work: Subscription | undefined;
        const settle = (): void => {
          load.running -= 1;
          taken -= 1;
          lane.working = false;
          if (work !== undefined) subscriber.remove(work);
          if (lane.waiting.size > 0) ready.add(key);
          else lanes.delete(key);
          for (const blocked of working.get(id) ?? []) if (lanes.get(blocked)?.working === false) ready.add(blocked);
          working.delete(id);
          startReady();
        };
        work = defer(() => project(item, permit)).subscribe({
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
        while (taken < concurrency && !subscriber.closed) {
          const back = wanted.shift();
          if (back !== undefined) {
            taken += 1;
            back();
            continue;
          }
          const next = ready.values().next();
          if (next.done) break;
          ready.delete(next.value);
          const lane = lanes.get(next.value);
          if (lane !== undefined) start(next.value, lane);
        }
        starting = false;
        if (ended && load.running === 0 && ready.size === 0) subscriber.complete();
      };

      const put = (key: string, id: string, item: T): void => {
        if (keyOf.get(id) !== key) drop(id);
        keyOf.set(id, key);
        let lane = lanes.get(key);
        if (lane === undefined) {
          lane = { working: false, waiting: new Map() };
          lanes.set(key, lane);
        }
        if (!lane.waiting.has(id)) load.waiting += 1;
        lane.waiting.set(id, item);
        if (!lane.working) ready.add(key);
        startReady();
      };

      const drop = (id: string): void => {
        const key = keyOf.get(id);
        const lane = key === undefined ? undefined : lanes.get(key);
        if (key === undefined || lane === undefined) return;
        keyOf.delete(id);
        lane.waiting.delete(id);
        load.waiting -= 1;
        if (lane.waiting.size === 0) {
          ready.delete(key);
          if (!lane.working) lanes.delete(key);
        } else if (!lane.working) {
          ready.add(key);
          startReady();
        }
      };

      const end = (): void => {
        ended = true;
        startReady();
      };

      const arrivals = source.subscribe({
        next: (arrival) => {
          if (ended) return;
          if (arrival.kind === 'put') put(arrival.key, arrival.id, arrival.item);
          else drop(arrival.id);
        },
        error: (error) => subscriber.error(error),
        complete: end,
      });
      subscriber.add(arrivals);
      subscriber.add(
        drain$?.subscribe(() => {
          ready.clear();
          load.waiting = 0;
          keyOf.clear();
          for (const lane of lanes.values()) lane.waiting.clear();
          arrivals.unsubscribe();
          end();
        }),
      );
    });
}
