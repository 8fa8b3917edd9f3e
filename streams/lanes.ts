import { LargeMap } from '../src/domain/large-map.ts';
import { type Linked, LinkedQueue, unlinked } from '../src/domain/linked-queue.ts';

/** Something to be worked on: under a key, and as an item of its own. */
export interface Work<T> {
  readonly key: string;
  readonly id: string;
  readonly item: T;
}

interface Lane<T> extends Linked<Lane<T>> {
  readonly key: string;
  working: boolean;
  /** Oldest first. */
  readonly waiting: LinkedQueue<Waiting<T>>;
}

interface Waiting<T> extends Linked<Waiting<T>> {
  readonly id: string;
  readonly lane: Lane<T>;
  item: T;
}

/**
 * What waits for its turn, and what has it: one item at a time per key, in order of arrival.
 *
 * A lane whose first item is in work under another key is blocked: it becomes ready when that ends.
 *
 *   (unknown) -> waiting        put
 *   waiting   -> waiting        put again: the newer item replaces the older one, under its key
 *   waiting   -> (unknown)      dropped, or cleared
 *   waiting   -> working        next
 *   working   -> (unknown)      ended; what was put under its id meanwhile waits
 *
 * A lane exists only while something of its key waits or is worked on, so memory is bounded by
 * that. It is never closed by a timer, as a second item of its key could then start beside the
 * first.
 */
export class Lanes<T> {
  #lanes = new LargeMap<Lane<T>>();
  /**
   * Lanes that have something waiting and nothing in work, in the order in which they became so.
   */
  #ready = new LinkedQueue<Lane<T>>();
  #waiting = new LargeMap<Waiting<T>>();
  #waits = 0;
  /** Of each item in work, the other keys that have to wait for it. */
  readonly #working = new Map<string, Set<string>>();

  /** How many items wait. */
  get waits(): number {
    return this.#waits;
  }

  /** How many items are worked on. */
  get works(): number {
    return this.#working.size;
  }

  /** Whether there is an item whose turn it is. */
  get isReady(): boolean {
    return this.#ready.first !== undefined;
  }

  /** Answers the item that it takes the place of, where one waited. */
  put({ key, id, item }: Work<T>): T | undefined {
    const known = this.#waiting.get(id);
    const before = known?.item;
    if (known?.lane.key === key) {
      known.item = item;
      return before;
    }
    this.drop(id);
    const lane = this.#laneOf(key);
    const waiting = { id, lane, item, ...unlinked() };
    this.#waiting.set(id, waiting);
    lane.waiting.add(waiting);
    this.#waits += 1;
    if (!lane.working) this.#ready.add(lane);
    return before;
  }

  drop(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#remove(waiting);
    const { lane } = waiting;
    if (lane.working) return;
    // It may have waited for the item that is gone, which is worked on under another key.
    if (lane.waiting.first !== undefined) this.#ready.add(lane);
    else this.#close(lane);
  }

  /** Takes the next item whose turn it is into work; undefined where there is none. */
  next(): Work<T> | undefined {
    for (;;) {
      const lane = this.#ready.shift();
      const waiting = lane?.waiting.first;
      if (lane === undefined || waiting === undefined) return undefined;
      const { id, item } = waiting;
      const others = this.#working.get(id);
      if (others === undefined) {
        this.#remove(waiting);
        lane.working = true;
        this.#working.set(id, new Set());
        return { key: lane.key, id, item };
      }
      others.add(lane.key);
    }
  }

  /** The work has ended: the turn of the next one has come. */
  end({ key, id }: Work<T>): void {
    const lane = this.#lanes.get(key);
    if (lane !== undefined) this.#release(lane);
    for (const other of this.#working.get(id) ?? []) {
      const blocked = this.#lanes.get(other);
      if (blocked?.working === false) this.#ready.add(blocked);
    }
    this.#working.delete(id);
  }

  /**
   * Forgets all that waits, at the end: nothing may be put afterwards. To take hundreds of
   * thousands out one by one would hold up what still runs.
   */
  clear(): void {
    this.#lanes = new LargeMap();
    this.#ready = new LinkedQueue();
    this.#waiting = new LargeMap();
    this.#waits = 0;
  }

  #laneOf(key: string): Lane<T> {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = { key, working: false, waiting: new LinkedQueue<Waiting<T>>(), ...unlinked() };
    this.#lanes.set(key, lane);
    return lane;
  }

  #remove(waiting: Waiting<T>): void {
    this.#waiting.delete(waiting.id);
    waiting.lane.waiting.remove(waiting);
    this.#waits -= 1;
  }

  #release(lane: Lane<T>): void {
    lane.working = false;
    if (lane.waiting.first === undefined) this.#close(lane);
    else this.#ready.add(lane);
  }

  #close(lane: Lane<T>): void {
    this.#ready.remove(lane);
    this.#lanes.delete(lane.key);
  }
}
