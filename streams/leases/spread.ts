/**
 * The delay of one service after the one before it, in milliseconds: longer than the lease takes
 * until the others see it.
 */
const STEP = 12;

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
export function spreadAt(place: number): number {
  return STEP * Math.min(place, MOST_STEPS);
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
