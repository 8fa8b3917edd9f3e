/**
 * Virtual time. Actions run in the order of their times; actions with the same time run in the
 * order in which they were added.
 */
export class Agenda {
  now = 0;
  #entered = 0;
  readonly #heap: { readonly time: number; readonly order: number; readonly run: () => void }[] = [];

  after(delay: number, run: () => void): void {
    this.at(this.now + delay, run);
  }

  at(time: number, run: () => void): void {
    this.#entered += 1;
    const item = { time: Math.max(time, this.now), order: this.#entered, run };
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(item, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = item;
  }

  runUntil(time: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.time <= time; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.time;
      next.run();
    }
    this.now = time;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const item = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (child >= heap.length || before(item, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = item;
  }
}

interface Ordered {
  readonly time: number;
  readonly order: number;
}

function before(one: Ordered, other: Ordered): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}

/** Random numbers that are the same for each seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a number from `min` (included) to `max` (excluded). */
  between(min: number, max: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return min + (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (max - min);
  }

  oneIn(count: number): boolean {
    return this.between(0, count) < 1;
  }
}
