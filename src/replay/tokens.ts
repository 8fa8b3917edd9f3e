import { Queue } from './queue.ts';

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Values for keys, each taken once, in order: whoever asks before there is one waits for it. Keys compare as LDAP compares uids.
 * When the signal aborts, all waiting rejects with its reason.
 */
export class Tokens<T> {
  readonly #given = new Map<string, Queue<T>>();
  readonly #waiting = new Map<string, Waiter<T>>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const { reject } of this.#waiting.values()) reject(signal.reason);
      this.#waiting.clear();
    });
  }

  give(key: string, value: T): void {
    const name = key.toLowerCase();
    const waiter = this.#waiting.get(name);
    if (waiter === undefined) {
      const queue = this.#given.get(name) ?? new Queue();
      queue.add(value);
      this.#given.set(name, queue);
      return;
    }
    this.#waiting.delete(name);
    waiter.resolve(value);
  }

  /** At most one may wait for a key. */
  take(key: string): Promise<T> {
    const name = key.toLowerCase();
    const queue = this.#given.get(name);
    const first = queue?.shift();
    if (queue?.size === 0) this.#given.delete(name);
    if (first !== undefined) return Promise.resolve(first);
    if (this.#signal.aborted) return Promise.reject(this.#signal.reason);
    return new Promise((resolve, reject) => {
      this.#waiting.set(name, { resolve, reject });
    });
  }

  isWaiting(key: string): boolean {
    return this.#waiting.has(key.toLowerCase());
  }
}
