import { backoff } from './domain/retry.ts';

/**
 * Waits for a directory that did not respond: longer after each failure, but at most until the
 * subscription is connected again.
 */
export class DirectoryPatience {
  readonly #delays: { readonly initial: number; readonly max: number };
  readonly #waiting = new Set<() => void>();

  /** Delays in milliseconds. */
  constructor(delays: { readonly initial: number; readonly max: number }) {
    this.#delays = delays;
  }

  /** The delay in milliseconds after the nth failure in a row. */
  delay(failures: number): number {
    return backoff(failures, this.#delays);
  }

  /**
   * Resolves after the time, or when the directory is connected again. Rejects when `until` is
   * aborted.
   */
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

  /** Called when the directory is connected again. Ends all waits. */
  wake(): void {
    for (const settle of [...this.#waiting]) settle();
  }
}
