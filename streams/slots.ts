/** One of the places in which items are in work. */
export interface Slot {
  /**
   * Lends the slot to other items until the promise of `waiting` is settled. Resolves when the slot
   * is taken back; rejects if `waiting` does.
   */
  lend(waiting: () => Promise<void>): Promise<void>;
}

/** The slot of a turn when there are no other candidates: lending it only waits. */
export const OWN_SLOT: Slot = { lend: (waiting) => waiting() };

/**
 * A bounded number of slots.
 *
 *   free -> taken -> free
 *   taken -> lent -> taken
 *
 * A slot that is lent is free for others. Items that want their slot back come before items that
 * want their first one.
 */
export class Slots implements Slot {
  #most: number;
  readonly #freed: () => void;
  #taken = 0;
  /**
   * The items that have lent a slot and wait to get one back, in order. Each is represented by the
   * function that resumes it.
   */
  readonly #wantedBack: Array<() => void> = [];

  /**
   * `freed` is called each time a slot was given back. An item that waited to get its slot back may
   * already have taken it.
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

  /** Changes the number of slots. If more are taken, they are kept until they are given back. */
  resize(most: number): void {
    this.#most = most;
    this.#giveBack();
  }

  free(): void {
    this.#taken -= 1;
    this.#giveBack();
  }

  #giveBack(): void {
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
