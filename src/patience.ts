import { backoff } from './domain/retry.ts';

/**
 * Waiting for a directory that did not answer: longer after each failure, but no longer than until the subscription has a
 * connection again.
 */
export class DirectoryPatience {
  readonly #delays: { readonly initial: number; readonly max: number };
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<() => void>();

  /** Delays in milliseconds; the signal ends all waiting. */
  constructor(delays: { readonly initial: number; readonly max: number }, signal: AbortSignal) {
    this.#delays = delays;
    this.#signal = signal;
  }

  /** How long to wait after the nth failure in a row. */
  delay(failures: number): number {
    return backoff(failures, this.#delays);
  }

  /** Resolves after the time, or as soon as the directory is back; rejects when the service stops. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        this.#signal.removeEventListener('abort', settle);
        if (this.#signal.aborted) reject(this.#signal.reason);
        else resolve();
      };
      const timer = setTimeout(settle, milliseconds);
      this.#waiting.add(settle);
      this.#signal.addEventListener('abort', settle);
      if (this.#signal.aborted) settle();
    });
  }

  /** The directory is back. */
  wake(): void {
    for (const settle of [...this.#waiting]) settle();
  }
}
