/** What may stand in a queue: it holds its own place there. */
export interface Linked<T> {
  queued: boolean;
  previous: T | undefined;
  next: T | undefined;
}

/** The place of what stands in no queue yet. */
export function unlinked(): Linked<never> {
  return { queued: false, previous: undefined, next: undefined };
}

/**
 * First in, first out, for items of which each stands in the queue at most once and may leave it at any time. To take the first one of
 * a Set costs the more the more were taken before: with 200,000 a tenth of a millisecond each.
 */
export class LinkedQueue<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** At its end, or where it stands already. */
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

  /** The first one, taken out. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }
}
