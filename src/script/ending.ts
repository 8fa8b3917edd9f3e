import { setMaxListeners } from 'node:events';
import { LONGEST_TIMER } from '../domain/longest-timer.ts';
import { endGroup } from './process-group.ts';
import type { ScriptRequest } from './runner.ts';

/** How long after SIGKILL the end must be noticed, in milliseconds. */
const SEEN_WITHIN_MILLISECONDS = 2500;

/** The limits that decide when and how the process group of a run is ended. */
type EndingLimits = Pick<ScriptRequest, 'timeoutMilliseconds' | 'killGraceMilliseconds' | 'signal'>;

/** Why the runner ends a run's process group. */
export type EndingCause = 'timedOut' | 'aborted';

/**
 * Ends the process group of one run, of a script or of a command, at its time limit or on an abort,
 * whichever comes first. The time limit counts from its start.
 *
 *   waiting (for the start) -> armed (`started`) -> ending (time limit or abort) -> done (`finish`)
 *   waiting -> ending (abort)     the group is ended as soon as `started` names it
 *   waiting, armed -> done (`finish`)
 */
export class Ending {
  readonly #limits: EndingLimits;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = () => this.#begin('aborted');
  #group: number | undefined;
  #cause: EndingCause | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #giveUp: () => void = () => {};
  /**
   * Resolves if the end of the run is not noticed in time after SIGKILL. Either a process survives
   * SIGKILL in an uninterruptible wait, or the launcher does not answer.
   */
  readonly gaveUp: Promise<void> = new Promise((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(limits: EndingLimits) {
    const { signal } = limits;
    this.#limits = limits;
    // One signal serves all runs, so the warning about more than ten listeners is switched off.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** To be called as soon as the run has started, with the process group that it leads. */
  started(group: number): void {
    this.#group = group;
    if (this.#cause !== undefined) {
      this.#end(group);
      return;
    }
    const limit = Math.min(this.#limits.timeoutMilliseconds, LONGEST_TIMER);
    this.#timer = setTimeout(() => this.#begin('timedOut'), limit);
  }

  /**
   * Stops watching. If the group is being ended, waits until it is gone and resolves with the
   * cause; otherwise with undefined.
   */
  async finish(): Promise<EndingCause | undefined> {
    clearTimeout(this.#timer);
    this.#limits.signal.removeEventListener('abort', this.#onAbort);
    if (this.#cause !== undefined) await this.#ended;
    return this.#cause;
  }

  #begin(cause: EndingCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#giveUp, this.#limits.killGraceMilliseconds + SEEN_WITHIN_MILLISECONDS);
    if (this.#group !== undefined) this.#end(this.#group);
  }

  #end(group: number): void {
    this.#ended = endGroup(group, this.#limits.killGraceMilliseconds);
  }
}
