import { Cancelled } from '../src/domain/job.ts';
import { laneOf } from './candidate.ts';

/**
 * The handlers that run, so that an operator can end one: at most one for each uid.
 *
 *   (unknown) -> running -> (unknown)                 `run`
 *   running -> ending -> (unknown)                    `cancel`, or the signal of the service
 */
export class RunningHandlers {
  readonly #running = new Map<string, AbortController>();

  /** Runs a handler with a signal of its own, which is aborted with `signal` and by `cancel`. */
  async run<T>(uid: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const lane = laneOf(uid);
    const own = new AbortController();
    const stop = () => own.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    this.#running.set(lane, own);
    try {
      return await work(own.signal);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#running.delete(lane);
    }
  }

  /**
   * Ends the handler of a uid. The attempt counts as failed. Returns false if no handler runs, or
   * if it is already ending.
   */
  cancel(uid: string, who: string | undefined): boolean {
    const own = this.#running.get(laneOf(uid));
    if (own === undefined || own.signal.aborted) return false;
    own.abort(new Cancelled(who));
    return true;
  }
}
