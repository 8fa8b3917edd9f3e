/**
 * Chooses the oldest items, at most `limit`, from any number of items in any order, and sorts them
 * by age. An item without a time comes last.
 */
export class LongestFirst<T extends { readonly since: number | undefined }> {
  readonly #limit: number;
  #chosen: T[] = [];
  /** Items later than this time cannot be among the chosen ones. */
  #latest = Number.POSITIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: T): void {
    if (this.#limit === 0 || timeOf(item) > this.#latest) return;
    this.#chosen.push(item);
    if (this.#chosen.length >= 2 * this.#limit) this.#choose();
  }

  items(): readonly T[] {
    this.#choose();
    return this.#chosen;
  }

  #choose(): void {
    this.#chosen = this.#chosen.sort((one, other) => timeOf(one) - timeOf(other) || 0).slice(0, this.#limit);
    const last = this.#chosen.at(-1);
    if (last !== undefined && this.#chosen.length === this.#limit) this.#latest = timeOf(last);
  }
}

/** The time for sorting. It is never infinite, because infinite times cannot be subtracted. */
function timeOf({ since }: { readonly since: number | undefined }): number {
  return since ?? Number.MAX_SAFE_INTEGER;
}
