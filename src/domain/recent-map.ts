import { LargeMap } from './large-map.ts';
import { type Linked, LinkedQueue } from './linked-queue.ts';

interface Entry<V> extends Linked<Entry<V>> {
  readonly key: string;
  value: V;
}

/**
 * A Map of bounded size: when it is full, the entry that was set longest ago is dropped. A plain
 * Map would be too slow: finding its oldest entry gets slower with each entry dropped. With 100,000
 * entries each takes some hundredths of a millisecond.
 */
export class RecentMap<V> {
  readonly #capacity: number;
  readonly #entries = new LargeMap<Entry<V>>();
  readonly #order = new LinkedQueue<Entry<V>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Returns the value that was dropped to make room, if any. */
  set(key: string, value: V): V | undefined {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#order.remove(known);
      this.#order.add(known);
      return undefined;
    }
    const entry: Entry<V> = { key, value, queued: false, previous: undefined, next: undefined };
    this.#entries.set(key, entry);
    this.#order.add(entry);
    this.#size += 1;
    return this.#size > this.#capacity ? this.#dropOldest() : undefined;
  }

  delete(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#order.remove(known);
    this.#size -= 1;
  }

  #dropOldest(): V | undefined {
    const oldest = this.#order.first;
    if (oldest !== undefined) this.delete(oldest.key);
    return oldest?.value;
  }
}
