import type { LeaseDirectory } from '../../src/domain/directory.ts';
import { type LeaseReading, readLease } from '../../src/domain/lease.ts';

/**
 * The interval at which the leases are looked at that accounts wait for, in milliseconds. A lease
 * that was given up is seen within this time.
 */
const EVERY = 800;
/** The number of leases that are asked for in one search. */
const AT_ONCE = 200;

/** Looks periodically at the leases that accounts wait for. */
export class LeaseWatch {
  readonly #directory: LeaseDirectory;
  readonly #told: (lane: string, lease: LeaseReading) => void;
  /** How many wait for each lease. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `told` is called with each lease that was read. */
  constructor(directory: LeaseDirectory, told: (lane: string, lease: LeaseReading) => void) {
    this.#directory = directory;
    this.#told = told;
  }

  has(lane: string): boolean {
    return this.#waiting.has(lane);
  }

  /** Begins to look at a lease. Returns a function that ends that. */
  add(lane: string): () => void {
    this.#waiting.set(lane, (this.#waiting.get(lane) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.#look(), EVERY);
    return () => {
      const others = (this.#waiting.get(lane) ?? 1) - 1;
      if (others > 0) this.#waiting.set(lane, others);
      else this.#waiting.delete(lane);
    };
  }

  stop(): void {
    this.#waiting.clear();
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const lanes = [...this.#waiting.keys()];
    for (let at = 0; at < lanes.length; at += AT_ONCE) {
      const asked = lanes.slice(at, at + AT_ONCE);
      // While the directory does not answer, nobody can give up a lease there.
      const found = await this.#directory.list(asked).catch(() => undefined);
      if (found === undefined) break;
      for (const lane of asked) this.#told(lane, readLease(found.get(lane)));
    }
    this.#timer = this.#waiting.size === 0 ? undefined : setTimeout(() => void this.#look(), EVERY);
  }
}
