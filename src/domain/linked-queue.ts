/** An item of a queue. It holds its own links: `false` and undefined while it is in none. */
export interface Linked<T> {
  queued: boolean;
  previous: T | undefined;
  next: T | undefined;
}

/**
 * A queue, usually first in, first out. Each item is in it at most once and can be removed at any
 * time. A Set would be too slow: taking its first item gets slower with each item taken. With
 * 200,000 items each takes a tenth of a millisecond.
 */
export class LinkedQueue<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Appends the item, unless it is in the queue already. */
  add(item: T): void {
    if (item.queued) return;
    item.queued = true;
    item.previous = this.#last;
    item.next = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
  }

  remove(item: T): void {
    if (!item.queued) return;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.queued = false;
    item.previous = undefined;
    item.next = undefined;
  }

  /** Removes and returns the first item. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes and returns the last item. */
  pop(): T | undefined {
    const last = this.#last;
    if (last !== undefined) this.remove(last);
    return last;
  }
}
