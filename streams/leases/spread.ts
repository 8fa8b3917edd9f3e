/**
 * The delay of one service after the one before it, in milliseconds: longer than the lease takes
 * until the others see it.
 */
const STEP = 12;

/** The last services in the order of a uid attempt it together. */
const MOST_STEPS = 4;

/**
 * How long a service waits before it attempts a lease, in milliseconds. Each uid has an order of
 * its own of the services that are there (rendezvous hashing), and the first one does not wait. So
 * the accounts are shared about evenly, and of several services with a free slot one attempts.
 */
export function spreadOf(own: string, uid: string, holders: readonly string[]): number {
  const weight = weightOf(own, uid);
  const before = holders.filter((holder) => {
    const other = weightOf(holder, uid);
    return holder !== own && (other < weight || (other === weight && holder < own));
  });
  return STEP * Math.min(before.length, MOST_STEPS);
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
