import { LargeMap } from '../src/domain/large-map.ts';
import { type Linked, LinkedQueue } from '../src/domain/linked-queue.ts';
import { NO_SHARES, type ReadyLane, ReadyLanes, type Shares } from './ready-lanes.ts';

/** One item of work. `key` names its lane, `id` the item itself. */
export interface Work<T> {
  readonly key: string;
  readonly id: string;
  readonly item: T;
}

/** The waiting items of a key, oldest first. */
class Lane<T> extends LinkedQueue<Waiting<T>> implements ReadyLane<Lane<T>> {
  readonly key: string;
  place = 0;
  working = false;
  parked = false;
  queued = false;
  previous: Lane<T> | undefined = undefined;
  next: Lane<T> | undefined = undefined;

  constructor(key: string) {
    super();
    this.key = key;
  }
}

interface Waiting<T> extends Linked<Waiting<T>> {
  readonly id: string;
  readonly lane: Lane<T>;
  item: T;
}

/**
 * The items that wait for their turn and those in work: one at a time per key, in order of arrival.
 *
 * A lane whose first item is in work under another key is blocked. It becomes ready when that work
 * ends. A lane whose first item may not begin is parked. It becomes ready with a newer item, and by
 * `unpark`.
 *
 *   (unknown) -> waiting        put
 *   waiting   -> waiting        put again: the newer item replaces the older one, under its key
 *   waiting   -> (unknown)      dropped, or cleared
 *   waiting   -> working        next, if it may begin
 *   working   -> (unknown)      ended; an item that was put under its id meanwhile waits
 *
 * A lane exists only while something of its key waits or is in work, so memory is bounded by that.
 * It is never closed by a timer: a second item of its key could then start while the first one
 * runs.
 */
export class Lanes<T> {
  #lanes = new LargeMap<Lane<T>>();
  /** Lanes that have a waiting item and no item in work. */
  #ready = new ReadyLanes<Lane<T>>(NO_SHARES);
  #holds: (item: T) => boolean = () => false;
  #parked = new LinkedQueue<Lane<T>>();
  #waiting = new LargeMap<Waiting<T>>();
  #waits = 0;
  /** The items in work, by id, each with the other keys that have to wait for it. */
  readonly #working = new Map<string, Set<string>>();

  /** Shares the lanes with other services from now on. To be called before anything is put. */
  share(shares: Shares): void {
    this.#ready = new ReadyLanes(shares);
  }

  /** Parks items for which `holds` is true when their turn comes. */
  guard(holds: (item: T) => boolean): void {
    this.#holds = holds;
  }

  /** The number of items that wait. */
  get waits(): number {
    return this.#waits;
  }

  /** The number of items in work. */
  get works(): number {
    return this.#working.size;
  }

  /** Whether an item with this id waits. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** The item with this id that waits; undefined if there is none. */
  get(id: string): T | undefined {
    return this.#waiting.get(id)?.item;
  }

  /** The items that wait, in no particular order. */
  *waiting(): Generator<{ readonly item: T }> {
    for (const [, waiting] of this.#waiting.entries()) yield waiting;
  }

  /** Puts an item. Returns the waiting item that it replaces, if there is one. */
  put({ key, id, item }: Work<T>): T | undefined {
    const known = this.#waiting.get(id);
    const before = known?.item;
    if (known?.lane.key === key) {
      known.item = item;
      if (known.lane.parked && !this.#isHeld(known.lane)) this.#makeReady(known.lane);
      return before;
    }
    this.drop(id);
    const lane = this.#laneOf(key);
    const waiting: Waiting<T> = { id, lane, item, queued: false, previous: undefined, next: undefined };
    this.#waiting.set(id, waiting);
    lane.add(waiting);
    this.#waits += 1;
    if (!lane.working && !lane.parked) this.#ready.add(lane);
    return before;
  }

  /** Drops a waiting item, and returns it; undefined if there is none. */
  drop(id: string): T | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#remove(waiting);
    const { lane, item } = waiting;
    if (lane.working) return item;
    // The lane may have waited for the dropped item, which is in work under another key.
    if (lane.first === undefined) this.#close(lane);
    else if (!lane.parked || !this.#isHeld(lane)) this.#makeReady(lane);
    return item;
  }

  /**
   * Takes the next item that may begin into work and returns it; undefined if no lane has one.
   */
  next(): Work<T> | undefined {
    for (;;) {
      const lane = this.#ready.shift();
      const waiting = lane?.first;
      if (lane === undefined || waiting === undefined) return undefined;
      const { id, item } = waiting;
      const others = this.#working.get(id);
      if (others !== undefined) {
        others.add(lane.key);
        continue;
      }
      if (this.#holds(item)) {
        lane.parked = true;
        this.#parked.add(lane);
        continue;
      }
      this.#remove(waiting);
      lane.working = true;
      this.#working.set(id, new Set());
      return { key: lane.key, id, item };
    }
  }

  /** Makes the parked lanes ready, as their items may be allowed to begin now. */
  unpark(): void {
    for (let lane = this.#parked.first; lane !== undefined; lane = this.#parked.first) this.#makeReady(lane);
  }

  /** Ends the work on an item, so that the next one of its lane has its turn. */
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
   * Forgets all waiting items. No item may be put afterwards. Removing hundreds of thousands of
   * items one by one would hold up running work.
   */
  clear(): void {
    this.#lanes = new LargeMap();
    this.#ready = new ReadyLanes(NO_SHARES);
    this.#parked = new LinkedQueue();
    this.#waiting = new LargeMap();
    this.#waits = 0;
  }

  #laneOf(key: string): Lane<T> {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = new Lane<T>(key);
    this.#lanes.set(key, lane);
    return lane;
  }

  #remove(waiting: Waiting<T>): void {
    this.#waiting.delete(waiting.id);
    waiting.lane.remove(waiting);
    this.#waits -= 1;
  }

  #release(lane: Lane<T>): void {
    lane.working = false;
    if (lane.first === undefined) this.#close(lane);
    else this.#ready.add(lane);
  }

  #isHeld({ first }: Lane<T>): boolean {
    return first !== undefined && this.#holds(first.item);
  }

  #makeReady(lane: Lane<T>): void {
    this.#leaveParked(lane);
    this.#ready.add(lane);
  }

  #leaveParked(lane: Lane<T>): void {
    if (!lane.parked) return;
    lane.parked = false;
    this.#parked.remove(lane);
  }

  #close(lane: Lane<T>): void {
    this.#leaveParked(lane);
    this.#ready.remove(lane);
    this.#lanes.delete(lane.key);
  }
}
