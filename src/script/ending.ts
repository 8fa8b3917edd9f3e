import { setMaxListeners } from 'node:events';
import { endGroup } from './process-group.ts';
import type { ScriptRequest } from './runner.ts';

/** The longest delay of a timer: about 24 days. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** From SIGKILL until the script's end must have been seen. */
const SEEN_WITHIN_MILLISECONDS = 2500;

/** Why a run's process group is being ended by the runner. */
export type EndingCause = 'timedOut' | 'aborted';

/**
 * Watches one run for its time limit, which counts from the start of the script, and its abort. States: waiting for the start ->
 * armed -> ending (once, by whichever comes first) -> done. An abort that comes before the start takes place as soon as the
 * process group is known.
 */
export class Ending {
  readonly #request: ScriptRequest;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = () => this.#begin('aborted');
  #group: number | undefined;
  #cause: EndingCause | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #giveUp: () => void = () => {};
  /**
   * Resolves when the end of the script should have been seen, and was not: a process that outlives even SIGKILL (in an
   * uninterruptible wait), or a helper that does not answer.
   */
  readonly gaveUp: Promise<void> = new Promise((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(request: ScriptRequest) {
    this.#request = request;
    // One signal ends all runs of a service, however many there are at once.
    setMaxListeners(0, request.signal);
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (request.signal.aborted) this.#onAbort();
  }

  /** The group that the script leads, as soon as it runs. */
  started(group: number): void {
    this.#group = group;
    if (this.#cause !== undefined) {
      this.#end(group);
      return;
    }
    const limit = Math.min(this.#request.timeoutMilliseconds, LONGEST_TIMER_MILLISECONDS);
    this.#timer = setTimeout(() => this.#begin('timedOut'), limit);
  }

  /** Disarms. Resolves with the cause, after the group is gone; undefined where the script ended by itself. */
  async finish(): Promise<EndingCause | undefined> {
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    if (this.#cause !== undefined) await this.#ended;
    return this.#cause;
  }

  #begin(cause: EndingCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#giveUp, this.#request.killGraceMilliseconds + SEEN_WITHIN_MILLISECONDS);
    if (this.#group !== undefined) this.#end(this.#group);
  }

  #end(group: number): void {
    this.#ended = endGroup(group, this.#request.killGraceMilliseconds);
  }
}
