/**
 * The least and the most delay of one service after the one before it, in milliseconds: longer than
 * it takes until the others see that an account is claimed.
 */
export const LEAST_STEP = 12;
const MOST_STEP = 1_000;

/**
 * Until others see a claim, the lease and the claim are written, and the change is sent to them.
 */
const WRITES_UNTIL_SEEN = 3;
/** The part of a newer time in the mean. */
const WEIGHT_OF_NEWEST = 0.1;

/** The last services in the order of a uid attempt it together. */
const MOST_STEPS = 4;

/**
 * The place of a service in the order of those that are there; 0 for the first one. Each uid has an
 * order of its own (rendezvous hashing), so the accounts are shared about evenly.
 */
export function placeOf(own: string, uid: string, holders: readonly string[]): number {
  const weight = weightOf(own, uid);
  let place = 0;
  for (const holder of holders) {
    if (holder === own) continue;
    const other = weightOf(holder, uid);
    if (other < weight || (other === weight && holder < own)) place += 1;
  }
  return place;
}

/**
 * How long the service at this place waits before it attempts a lease, in milliseconds. The first
 * one does not wait. So of several services with a free slot one attempts.
 */
export function spreadAt(place: number, step: number): number {
  return step * Math.min(place, MOST_STEPS);
}

/** The delay of one service after the one before it, by how long the directory takes at present. */
export class SpreadStep {
  #write = 0;

  /** In milliseconds. */
  get value(): number {
    return Math.min(Math.max(LEAST_STEP, WRITES_UNTIL_SEEN * this.#write), MOST_STEP);
  }

  /** Learns the time from a write to its answer, in milliseconds. */
  answered(milliseconds: number): void {
    this.#write += WEIGHT_OF_NEWEST * (milliseconds - this.#write);
  }
}

/** FNV-1a, with the last step of MurmurHash3, as similar texts are to have unlike weights. */
function weightOf(holder: string, uid: string): number {
  let hash = 0x811c9dc5;
  for (const text of [holder, ' ', uid.toLowerCase()]) {
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
