import { RecentMap } from '../domain/recent-map.ts';

const MOST_KEYS = 10_000;

/** Remembers what has been said, the latest ten thousand things: beyond that the oldest may be said again. */
export class OncePerKey {
  readonly #keys = new RecentMap<true>(MOST_KEYS);

  /** True for a key that was not asked for before, or so long ago that it is forgotten. */
  isNew(key: string): boolean {
    const known = this.#keys.get(key) ?? false;
    this.#keys.set(key, true);
    return !known;
  }
}
