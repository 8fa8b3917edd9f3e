import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** Waits as long, in real time, as the replay is to take between two moments; at once where it goes at full speed. */
export type Pace = (milliseconds: number) => Promise<void>;

/** So long after it was due a timer fires, whether or not the record shows what it brought about, in milliseconds. */
const LATEST = 2_000;

/**
 * Time as the record has it; it goes on only when told to. Real timers fire a little late, each by another time, and which
 * account gets a free place depends on it: so a timer that is due waits until the record shows what it brought about, but not
 * for long, as some bring about nothing. All that a timer brings about has happened before the next one fires.
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
      const next = (this.scheduler.actions[0]?.delay ?? Number.POSITIVE_INFINITY) + LATEST;
      const stop = Math.min(next, target);
      if (stop > this.scheduler.frame) {
        await this.#pace(stop - this.scheduler.frame);
        this.scheduler.frame = stop;
      }
      if (next > target) return;
      await this.#fireNext();
    }
  }

  /** Lets timers that are due fire, one after the other, until what is wanted has happened, or none is due. */
  async fireUntil(happened: () => boolean): Promise<void> {
    while (!happened() && (this.scheduler.actions[0]?.delay ?? Number.POSITIVE_INFINITY) <= this.scheduler.frame) {
      await this.#fireNext();
    }
  }

  async #fireNext(): Promise<void> {
    const { frame } = this.scheduler;
    this.scheduler.maxFrames = this.scheduler.actions[0]?.delay ?? frame;
    this.scheduler.flush();
    // To the scheduler it is the moment at which the timer was due.
    this.scheduler.frame = Math.max(frame, this.scheduler.frame);
    await settled();
  }
}

/** Resolves when everything that promises had to do is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
