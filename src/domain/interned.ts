/** The most texts that are remembered. */
const CAPACITY = 1024;

const known = new Map<string, string>();

/**
 * Returns an equal text that was returned before, if it is still known. Many accounts have the same
 * values. Each value is decoded separately for each account, and this way it is in memory only
 * once.
 */
export function interned(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size === CAPACITY) known.clear();
  known.set(text, text);
  return text;
}
