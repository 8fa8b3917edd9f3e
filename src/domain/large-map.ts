/**
 * This number of bits of a hash chooses the part. With a million entries, each part still grows within
 * two milliseconds.
 */
const PART_BITS = 6;
/** The beginning of a key tells enough. */
const HASHED_CHARACTERS = 16;
/** Spreads what differs in the low bits over the high ones (2^32 divided by the golden ratio). */
const SPREAD = 0x9e3779b1;

/**
 * A Map with strings as keys for hundreds of thousands of entries, in no particular order. JavaScript's own one moves all its
 * entries at once whenever it has doubled, for which everything else waits tens of milliseconds; this one is made of
 * many small ones.
 */
export class LargeMap<V> {
  readonly #parts: ReadonlyArray<Map<string, V>> = Array.from({ length: 2 ** PART_BITS }, () => new Map());

  get size(): number {
    let size = 0;
    for (const part of this.#parts) size += part.size;
    return size;
  }

  get(key: string): V | undefined {
    return this.#partOf(key).get(key);
  }

  has(key: string): boolean {
    return this.#partOf(key).has(key);
  }

  set(key: string, value: V): void {
    this.#partOf(key).set(key, value);
  }

  /** True where there was such an entry. */
  delete(key: string): boolean {
    return this.#partOf(key).delete(key);
  }

  /** As with a Map, entries may come and go meanwhile. */
  *entries(): Generator<[key: string, value: V]> {
    for (const part of this.#parts) yield* part;
  }

  #partOf(key: string): Map<string, V> {
    return this.#parts[partOf(key)] as Map<string, V>;
  }
}

/** The number of the part that a key belongs to: about as many of each kind of key that there is in each of them. */
export function partOf(key: string): number {
  const end = Math.min(key.length, HASHED_CHARACTERS);
  let hash = 0;
  for (let index = 0; index < end; index += 1) hash = (31 * hash + key.charCodeAt(index)) | 0;
  return Math.imul(hash, SPREAD) >>> (32 - PART_BITS);
}
