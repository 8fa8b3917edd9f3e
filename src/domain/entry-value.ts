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

/** A value as it may stand in a message: bounded, control characters made visible. */
export function shown(text: string): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
  return visible.length > 120 ? `${visible.slice(0, 120)}...` : visible;
}
