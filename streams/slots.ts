/** The place that an item is worked on in. */
export interface Slot {
  /** Lets another item have it until the waiting is over, and gets it back. */
  lend(waiting: () => Promise<void>): Promise<void>;
}

/**
 * A bounded number of slots.
 *
 *   free -> taken -> free
 *   taken -> lent -> taken
 *
 * A slot that is lent is free. Who wants it back comes before those who want their first.
 */
export class Slots implements Slot {
  readonly #most: number;
  readonly #freed: () => void;
  #taken = 0;
  /** Those who have lent a slot and want it back, in order. */
  readonly #wantedBack: Array<() => void> = [];

  /**
   * `freed`: called whenever one was given back; there may be a free one, or somebody else has it
   * already.
   */
  constructor(most: number, freed: () => void) {
    this.#most = most;
    this.#freed = freed;
  }

  get isFree(): boolean {
    return this.#taken < this.#most;
  }

  take(): void {
    this.#taken += 1;
  }

  free(): void {
    this.#taken -= 1;
    while (this.isFree) {
      const back = this.#wantedBack.shift();
      if (back === undefined) break;
      this.#taken += 1;
      back();
    }
    this.#freed();
  }

  async lend(waiting: () => Promise<void>): Promise<void> {
    this.free();
    try {
      await waiting();
    } finally {
      if (this.isFree) this.#taken += 1;
      else await new Promise<void>((resolve) => this.#wantedBack.push(resolve));
    }
  }
}
