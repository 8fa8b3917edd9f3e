import { backoff, type Pauses } from '../domain/retry.ts';

/**
 * The waits for a directory that did not respond. They get longer after each failure, and end at
 * the latest when the subscription is connected again.
 */
export class DirectoryBackoff {
  readonly #delays: Pauses;
  readonly #waiting = new Set<() => void>();

  constructor(delays: Pauses) {
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
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        until.removeEventListener('abort', finish);
        if (until.aborted) reject(until.reason);
        else resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      this.#waiting.add(finish);
      until.addEventListener('abort', finish);
      if (until.aborted) finish();
    });
  }

  /** Called when the directory is connected again. Ends all waits. */
  wake(): void {
    for (const finish of [...this.#waiting]) finish();
  }
}
