import type { DirectoryEntry } from './entry.ts';

/** What an entry holds under a name that must have one value, as text. */
export type SingleValue =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'faulty'; readonly reason: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the one value of an attribute; several values and values that are not UTF-8 text are faults, not guesses. */
export function singleValue(entry: DirectoryEntry, name: string): SingleValue {
  const values = entry.values(name);
  const [value] = values;
  if (value === undefined) return { kind: 'absent' };
  if (values.length > 1) return { kind: 'faulty', reason: `${name} has ${values.length} values: leave one` };
  try {
    return { kind: 'text', text: utf8.decode(value) };
  } catch {
    return { kind: 'faulty', reason: `${name} is not UTF-8 text: write it anew` };
  }
}

/**
 * A text value as directories compare it: the spaces around it do not count (RFC 4518, section
 * 2.6.1). Any other blank is a part of the value here, as not every server passes over it: 389-ds
 * passes over a TAB and slapd does not, of U+00A0 it is the other way round. Accounts are read
 * through this alone, so that no two parts of the program judge a value differently.
 */
export function comparedText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

/**
 * What to add to the complaint about a value that would be well formed but for blanks that count
 * and are not seen.
 */
export function blanksBeside(text: string, isWellFormed: (text: string) => boolean): string {
  return isWellFormed(text.trim()) ? ': a TAB, or another blank that counts, stands beside it; write it anew' : '';
}

/** A value as it may stand in a message: bounded, control characters made visible. */
export function shown(text: string): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
  return visible.length > 120 ? `${visible.slice(0, 120)}...` : visible;
}
