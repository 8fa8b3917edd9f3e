/** The most texts that are remembered. */
const CAPACITY = 1024;

const known = new Map<string, string>();

/**
 * Returns the text, as the very string that was returned for an equal one before, if it is still
 * known. For values that many accounts have in common: each is decoded anew for each account, and
 * is kept in memory once.
 */
export function interned(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size === CAPACITY) known.clear();
  known.set(text, text);
  return text;
}
