/**
 * The directory's clock, as far as it has shown itself: a lower bound, so that nothing is ever taken for older than it is.
 * The directory stamps its entries with its own time; a stamp that was seen tells that this much, and what has passed here
 * since, is over there too. This host's wall clock plays no part.
 */
export class DirectoryClock {
  readonly #monotonic: () => number;
  /** The directory's time less the monotonic time, in milliseconds; undefined while nothing was seen. */
  #offset: number | undefined;

  /** `monotonic`: milliseconds on a clock that only goes forward. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** A stamp of the directory's was seen just now, in milliseconds since 1970. */
  observe(stamp: number | undefined): void {
    if (stamp === undefined) return;
    const offset = stamp - this.#monotonic();
    if (this.#offset === undefined || offset > this.#offset) this.#offset = offset;
  }

  /** The directory's time is this, or later; undefined while nothing is known. */
  now(): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + this.#monotonic();
  }
}
