import type { LeaseDirectory } from '../../src/domain/directory.ts';
import { type LeaseReading, readLease } from '../../src/domain/lease.ts';

/**
 * The interval at which the watch reads the leases for which accounts wait, in milliseconds. A
 * lease that was given up is noticed within this time.
 */
const EVERY = 800;
/** The number of leases that are read in one search. */
const AT_ONCE = 200;

/** Reads the leases for which accounts wait, periodically. */
export class LeaseWatch {
  readonly #directory: LeaseDirectory;
  readonly #observed: (lane: string, lease: LeaseReading) => void;
  /** The number of accounts that wait for each lease. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `observed` is called with each lease that was read. */
  constructor(directory: LeaseDirectory, observed: (lane: string, lease: LeaseReading) => void) {
    this.#directory = directory;
    this.#observed = observed;
  }

  has(lane: string): boolean {
    return this.#waiting.has(lane);
  }

  /** Reads the lease periodically, until the returned function is called. */
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
      // While the directory does not answer, no service can give up a lease there.
      const found = await this.#directory.list(asked).catch(() => undefined);
      if (found === undefined) break;
      for (const lane of asked) this.#observed(lane, readLease(found.get(lane)));
    }
    this.#timer = this.#waiting.size === 0 ? undefined : setTimeout(() => void this.#look(), EVERY);
  }
}
