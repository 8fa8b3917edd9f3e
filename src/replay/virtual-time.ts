import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** Waits as long, in real time, as the replay is to take between two moments; at once where it goes at full speed. */
export type Pace = (milliseconds: number) => Promise<void>;

/**
 * Time as the record has it. It goes on only when told to, and stops at every timer on the way, so that all that a timer brings
 * about has happened before the next one fires.
 */
export class VirtualTime {
  readonly scheduler = new VirtualTimeScheduler(VirtualAction, 0);
  readonly #start: number;
  readonly #pace: Pace;

  /** `start`: milliseconds since 1970. */
  constructor(start: number, pace: Pace) {
    this.#start = start;
    this.#pace = pace;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#start + this.scheduler.frame;
  }

  /** Goes on to a moment; time never goes back. */
  async goTo(moment: number): Promise<void> {
    const target = moment - this.#start;
    for (;;) {
      const next = this.scheduler.actions[0]?.delay;
      const stop = next === undefined ? target : Math.min(next, target);
      if (stop > this.scheduler.frame) {
        await this.#pace(stop - this.scheduler.frame);
        this.scheduler.frame = stop;
      }
      if (next === undefined || next > target) return;
      this.scheduler.maxFrames = next;
      this.scheduler.flush();
      await settled();
    }
  }
}

/** Resolves when everything that promises had to do is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
