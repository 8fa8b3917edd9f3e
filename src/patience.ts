import { backoff } from './domain/retry.ts';

/**
 * Waiting for a directory that did not answer: longer after each failure, but no longer than until the subscription has a
 * connection again.
 */
export class DirectoryPatience {
  readonly #delays: { readonly initial: number; readonly max: number };
  readonly #waiting = new Set<() => void>();

  /** Delays in milliseconds. */
  constructor(delays: { readonly initial: number; readonly max: number }) {
    this.#delays = delays;
  }

  /** How long to wait after the nth failure in a row. */
  delay(failures: number): number {
    return backoff(failures, this.#delays);
  }

  /** Resolves after the time, or as soon as the directory is back; rejects when the signal says so. */
  wait(milliseconds: number, until: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        until.removeEventListener('abort', settle);
        if (until.aborted) reject(until.reason);
        else resolve();
      };
      const timer = setTimeout(settle, milliseconds);
      this.#waiting.add(settle);
      until.addEventListener('abort', settle);
      if (until.aborted) settle();
    });
  }

  /** The directory is back. */
  wake(): void {
    for (const settle of [...this.#waiting]) settle();
  }
}
