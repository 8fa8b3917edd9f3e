import type { DirectoryEntry } from './entry.ts';
import { visible } from './visible.ts';

/** The value of an attribute that must have exactly one, as text. */
export type SingleValue =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'faulty'; readonly reason: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the only value of an attribute. Several values, or bytes that are not UTF-8, are faults.
 */
export function singleValue(entry: DirectoryEntry, name: string): SingleValue {
  const values = entry.values(name);
  const [value] = values;
  if (value === undefined) return { kind: 'absent' };
  if (values.length > 1) return { kind: 'faulty', reason: `${name} has ${values.length} values: leave one` };
  try {
    return { kind: 'text', text: utf8.decode(value) };
  } catch {
    return { kind: 'faulty', reason: `${name} is not UTF-8 text: write it again` };
  }
}

/**
 * A text value as directories compare it: without outer spaces (RFC 4518, section 2.6.1). Any other
 * blank remains part of the value, as servers differ: 389-ds ignores a TAB and slapd does not; with
 * U+00A0 it is the other way round. Accounts are read only through this function, so that all parts
 * of the program judge a value in the same way.
 */
export function comparedText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

/**
 * Returns a hint for a message if the value would be well formed without invisible blanks around
 * it; otherwise an empty text.
 */
export function hintAtBlanks(text: string, isWellFormed: (text: string) => boolean): string {
  return isWellFormed(text.trim())
    ? ': it begins or ends with a TAB or another blank that is part of the value; write it again'
    : '';
}

/** A value for a message: of bounded length, with control characters made visible. */
export function shown(text: string): string {
  const words = visible(text);
  return words.length > 120 ? `${words.slice(0, 120)}...` : words;
}
