import { RecentMap } from '../domain/recent-map.ts';

const MOST_KEYS = 10_000;

/** Remembers the latest ten thousand keys. An older key counts as new again. */
export class OncePerKey {
  readonly #keys = new RecentMap<true>(MOST_KEYS);

  /**
   * Returns true for a key that is seen for the first time, or was forgotten. Remembers the key.
   */
  isNew(key: string): boolean {
    const known = this.#keys.get(key) ?? false;
    this.#keys.set(key, true);
    return !known;
  }
}
