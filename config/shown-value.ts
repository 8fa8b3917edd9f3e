import { NOTHING } from './fault.ts';

const LONGEST = 60;

/**
 * The value at `path` of a parsed file, as a fault shows it: short, on one line, without secrets.
 */
export function shownValue(path: readonly string[], raw: unknown): string {
  let value = raw;
  for (const key of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  if (value === undefined || value === null) return NOTHING;
  if (path.some((key) => /password/i.test(key)) || path[1] === 'webhook') return 'a value (not shown)';
  if (Array.isArray(value)) return `the list ${shortened(value)}`;
  return typeof value === 'object' ? 'a section' : shortened(value);
}

/** A key of the file, as a message shows it. The key may be any text. */
export function shownKey(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, LONGEST));
}

function shortened(value: unknown): string {
  const text = (JSON.stringify(value) ?? String(value)).replace(/:\/\/[^/@"]*@/g, '://...@');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
