const MOST_KEYS = 10_000;

/** Remembers what has been said, the latest ten thousand things: beyond that the oldest may be said again. */
export class OncePerKey {
  readonly #keys = new Set<string>();

  /** True for a key that was not asked for before, or so long ago that it is forgotten. */
  isNew(key: string): boolean {
    const known = this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > MOST_KEYS) {
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    }
    return !known;
  }
}
