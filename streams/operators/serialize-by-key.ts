import { defer, Observable, type OperatorFunction, type Subscription } from 'rxjs';
import { LargeMap } from '../../src/domain/large-map.ts';
import { type Linked, LinkedQueue, unlinked } from '../../src/domain/linked-queue.ts';

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

interface Lane<T> extends Linked<Lane<T>> {
  readonly key: string;
  working: boolean;
  /** What waits, oldest first. */
  readonly waiting: LinkedQueue<Waiting<T>>;
}

/** A newer item of the same id takes the place of the older one. */
interface Waiting<T> extends Linked<Waiting<T>> {
  readonly id: string;
  readonly lane: Lane<T>;
  item: T;
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
      let lanes = new LargeMap<Lane<T>>();
      /** Lanes that have something waiting and nothing running, in the order in which they became so. */
      let ready = new LinkedQueue<Lane<T>>();
      /** What waits, by id. */
      let waitingById = new LargeMap<Waiting<T>>();
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

      const start = (lane: Lane<T>): void => {
        const next = lane.waiting.first;
        if (next === undefined) return;
        const { id, item } = next;
        const elsewhere = working.get(id);
        if (elsewhere !== undefined) {
          elsewhere.add(lane.key);
          return;
        }
        lane.waiting.remove(next);
        waitingById.delete(id);
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
          if (lane.waiting.first === undefined) lanes.delete(lane.key);
          else if (lanes.get(lane.key) === lane) ready.add(lane);
          for (const blocked of working.get(id) ?? []) {
            const other = lanes.get(blocked);
            if (other?.working === false) ready.add(other);
          }
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
          const lane = ready.shift();
          if (lane === undefined) break;
          start(lane);
        }
        starting = false;
        if (ended && load.running === 0 && ready.first === undefined) subscriber.complete();
      };

      const put = (key: string, id: string, item: T): void => {
        const known = waitingById.get(id);
        if (known?.lane.key === key) {
          known.item = item;
          return;
        }
        drop(id);
        let lane = lanes.get(key);
        if (lane === undefined) {
          lane = { key, working: false, waiting: new LinkedQueue(), ...unlinked() };
          lanes.set(key, lane);
        }
        const waiting = { id, lane, item, ...unlinked() };
        waitingById.set(id, waiting);
        lane.waiting.add(waiting);
        load.waiting += 1;
        if (!lane.working) ready.add(lane);
        startReady();
      };

      const drop = (id: string): void => {
        const waiting = waitingById.get(id);
        if (waiting === undefined) return;
        const { lane } = waiting;
        waitingById.delete(id);
        lane.waiting.remove(waiting);
        load.waiting -= 1;
        if (lane.waiting.first === undefined) {
          ready.remove(lane);
          if (!lane.working) lanes.delete(lane.key);
        } else if (!lane.working) {
          ready.add(lane);
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
          load.waiting = 0;
          // To take hundreds of thousands of them out one by one would hold up what still runs.
          lanes = new LargeMap();
          ready = new LinkedQueue();
          waitingById = new LargeMap();
          arrivals.unsubscribe();
          end();
        }),
      );
    });
}
