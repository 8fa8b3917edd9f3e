/** More deletes than `deletes` within `within` milliseconds are too many. */
export interface BrakeRules {
  readonly deletes: number;
  readonly within: number;
}

/**
 * Counts the deletes of the recent period, each account once, so that an unintended mass deletion
 * is stopped.
 *
 *   (unknown) -> begun      `admit`: a delete is about to be claimed
 *   begun -> counted        `claimed`, or `saw`: another service was first
 *   begun -> (unknown)      `notClaimed`
 *   (unknown) -> counted    `saw`: another service claimed it, or the directory shows it
 *   any -> (unknown)        its period is over, or `forget`
 *
 * Times are in milliseconds since 1970, because the directory has such times. Memory is bounded by
 * the number of deletes that are allowed.
 */
export class Brake {
  rules: BrakeRules;
  /** When each delete began, in that order. */
  readonly #times = new Map<string, number>();
  readonly #begun = new Set<string>();
  #forgotten = Number.NEGATIVE_INFINITY;

  constructor(rules: BrakeRules) {
    this.rules = rules;
  }

  /** The time from which on deletes count. */
  since(now: number): number {
    // If the clock is set back after `forget`, deletes must not stay uncounted until it catches up.
    this.#forgotten = Math.min(this.#forgotten, now);
    return Math.max(now - this.rules.within, this.#forgotten);
  }

  /**
   * Whether a delete of this account would be one too many. A delete that is counted already would
   * not.
   */
  isOver(id: string, now: number): boolean {
    this.#prune(now);
    return !this.#times.has(id) && this.#times.size >= this.rules.deletes;
  }

  /** Counts a delete that is about to be claimed, and returns true, unless it is one too many. */
  admit(id: string, now: number): boolean {
    if (this.isOver(id, now)) return false;
    if (!this.#times.has(id)) {
      this.#times.set(id, now);
      this.#begun.add(id);
    }
    return true;
  }

  claimed(id: string): void {
    this.#begun.delete(id);
  }

  notClaimed(id: string): void {
    if (this.#begun.delete(id)) this.#times.delete(id);
  }

  /** Counts a delete that began elsewhere, or before the start of this service. */
  saw(id: string, at: number, now: number): void {
    // Another service may claim what this one is about to claim.
    this.#begun.delete(id);
    if (this.#times.has(id) || at < this.since(now)) return;
    this.#times.set(id, at);
    if (this.#times.size <= this.rules.deletes) return;
    this.#prune(now);
    // The newest ones suffice to say that there are too many.
    const [oldest] = [...this.#times].sort(([, one], [, other]) => one - other);
    if (oldest !== undefined && this.#times.size > this.rules.deletes) this.#remove(oldest[0]);
  }

  /** Starts the count again, because an operator has confirmed that the deletes are intended. */
  forget(now: number): void {
    this.#times.clear();
    this.#begun.clear();
    this.#forgotten = now;
  }

  #prune(now: number): void {
    const since = this.since(now);
    for (const [id, at] of this.#times) if (at < since) this.#remove(id);
  }

  #remove(id: string): void {
    this.#times.delete(id);
    this.#begun.delete(id);
  }
}
