import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** Waits as long, in real time, as the replay is to take between two moments; at once where it goes at full speed. */
export type Pace = (milliseconds: number) => Promise<void>;

type Timer = VirtualTimeScheduler['actions'][number];

/** So long after it was due a timer fires, whether or not the record shows what it brought about, in milliseconds. */
const LATEST = 2_000;

/**
 * Time as the record has it; it goes on only when told to. Real timers fire a little late, each by another time, and what
 * becomes of an account, and which one gets a free place, depends on it: so a timer that is due waits until the record shows
 * what it brought about, but not for long, as some bring about nothing. All that a timer brings about has happened before the
 * next one fires.
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
      const [timer] = this.scheduler.actions;
      const next = timer === undefined ? Number.POSITIVE_INFINITY : timer.delay + LATEST;
      const stop = Math.min(next, target);
      if (stop > this.scheduler.frame) {
        await this.#pace(stop - this.scheduler.frame);
        this.scheduler.frame = stop;
      }
      if (timer === undefined || next > target) return;
      await this.#fire(timer);
    }
  }

  /**
   * Lets timers that are due fire, one after the other, until what is wanted has happened, or none is left. Only those set for
   * this key, or for none: the others that are due may have fired later, or never, as a change came first.
   */
  async fireUntil(happened: () => boolean, key: string): Promise<void> {
    const isMeant = ({ state, delay }: Timer) =>
      delay <= this.scheduler.frame && (state === undefined || state === key);
    while (!happened()) {
      const timer = this.scheduler.actions.find(isMeant);
      if (timer === undefined) return;
      await this.#fire(timer);
    }
  }

  async #fire(timer: Timer): Promise<void> {
    const { actions, frame } = this.scheduler;
    actions.splice(actions.indexOf(timer), 1);
    // To the scheduler it is the moment at which the timer was due.
    this.scheduler.frame = timer.delay;
    const error: unknown = timer.execute(timer.state, timer.delay);
    this.scheduler.frame = frame;
    if (error !== undefined) throw error;
    await settled();
  }
}

/** Resolves when everything that promises had to do is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
