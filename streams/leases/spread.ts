/**
 * The shortest and the longest delay between two services in the order, in milliseconds. It is
 * longer than the time until the others see that an account is claimed.
 */
export const LEAST_STEP = 12;
const MOST_STEP = 1_000;

/**
 * Before others see a claim, three things happen: the lease is written, the claim is written, and
 * the change is sent to them.
 */
const WRITES_UNTIL_SEEN = 3;
/** The weight of a new measurement in the mean. */
const WEIGHT_OF_NEWEST = 0.1;

/** All services after this many steps in the order of a uid attempt at the same time. */
const MOST_STEPS = 4;

/**
 * The place of a service in the order of the running services; 0 for the first one. Each uid has
 * its own order (rendezvous hashing), so the accounts are shared about evenly.
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
 * How long the service at this place waits before it attempts to take a lease, in milliseconds. The
 * first one does not wait. So usually only one of several services with a free slot makes an
 * attempt.
 */
export function spreadAt(place: number, step: number): number {
  return step * Math.min(place, MOST_STEPS);
}

/** The delay between two services in the order, adapted to the present speed of the directory. */
export class SpreadStep {
  #write = 0;

  /** In milliseconds. */
  get value(): number {
    return Math.min(Math.max(LEAST_STEP, WRITES_UNTIL_SEEN * this.#write), MOST_STEP);
  }

  /** Takes the time from a write to its answer into account, in milliseconds. */
  answered(milliseconds: number): void {
    this.#write += WEIGHT_OF_NEWEST * (milliseconds - this.#write);
  }
}

/**
 * FNV-1a, followed by the last step of MurmurHash3, so that similar texts get different weights.
 */
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
