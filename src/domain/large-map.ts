/**
 * The number of bits of the hash that select the part. With a million entries, doubling a part
 * still takes less than two milliseconds.
 */
const PART_BITS = 6;
/** Only the beginning of a key is hashed, in characters. */
const HASHED_CHARACTERS = 16;
/** 2^32 divided by the golden ratio: spreads differences in the low bits over the high bits. */
const SPREAD = 0x9e3779b1;
/** The size at which the map is divided. A Map of this size doubles within two milliseconds. */
const SMALL = 16_384;

/**
 * A Map with string keys for hundreds of thousands of entries, in no particular order. JavaScript's
 * Map moves all its entries each time it doubles, which blocks the process for tens of
 * milliseconds. This one consists of many small Maps once it has outgrown one.
 *
 * whole (one Map) -> divided (at `SMALL` entries)
 */
export class LargeMap<V> {
  /** The only Map, while the map is whole; undefined when it is divided. */
  #whole: Map<string, V> | undefined = new Map();
  #parts: ReadonlyArray<Map<string, V>> = [this.#whole as Map<string, V>];

  get size(): number {
    let size = 0;
    for (const part of this.#parts) size += part.size;
    return size;
  }

  get(key: string): V | undefined {
    return this.#mapOf(key).get(key);
  }

  has(key: string): boolean {
    return this.#mapOf(key).has(key);
  }

  set(key: string, value: V): void {
    this.#mapOf(key).set(key, value);
    if (this.#whole !== undefined && this.#whole.size >= SMALL) this.#divide(this.#whole);
  }

  /** Returns true if the key had an entry. */
  delete(key: string): boolean {
    return this.#mapOf(key).delete(key);
  }

  /**
   * Iterates over the entries. As with a Map, entries may be added and removed meanwhile; those
   * that are added may be left out.
   */
  *entries(): Generator<[key: string, value: V]> {
    // A whole map may be divided during the iteration, so its keys are copied.
    if (this.#whole === undefined) for (const part of this.#parts) yield* part;
    else for (const key of [...this.#whole.keys()]) if (this.has(key)) yield [key, this.get(key) as V];
  }

  #mapOf(key: string): Map<string, V> {
    return this.#whole ?? (this.#parts[partOf(key)] as Map<string, V>);
  }

  #divide(whole: Map<string, V>): void {
    this.#whole = undefined;
    this.#parts = Array.from({ length: 2 ** PART_BITS }, () => new Map());
    for (const [key, value] of whole) this.#mapOf(key).set(key, value);
  }
}

/** The number of the part for a key. Every usual kind of key is spread evenly over the parts. */
export function partOf(key: string): number {
  const end = Math.min(key.length, HASHED_CHARACTERS);
  let hash = 0;
  for (let index = 0; index < end; index += 1) hash = (31 * hash + key.charCodeAt(index)) | 0;
  return Math.imul(hash, SPREAD) >>> (32 - PART_BITS);
}
