import type { Mode } from '../../domain/mode.ts';
import type { Account, Condition } from './account.ts';

/** Selects accounts. An empty filter selects all. */
export interface Filter {
  /** A part of the uid or the DN. Case does not matter. */
  readonly text: string;
  readonly modes: readonly Mode[];
  readonly conditions: readonly Condition[];
  /** The key of a cause of failures. */
  readonly cause: string;
}

export const NO_FILTER: Filter = { text: '', modes: [], conditions: [], cause: '' };

export function isFiltering({ text, modes, conditions, cause }: Filter): boolean {
  return text !== '' || modes.length > 0 || conditions.length > 0 || cause !== '';
}

export function matches({ text, modes, conditions, cause }: Filter, account: Account): boolean {
  if (modes.length > 0 && (account.mode === '' || !modes.includes(account.mode))) return false;
  if (conditions.length > 0 && !conditions.includes(account.condition)) return false;
  if (cause !== '' && account.failure !== cause) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || account.uid.toLowerCase().includes(wanted) || account.dn.toLowerCase().includes(wanted);
}

/** Returns the list with the word added, or without it if it was there. */
export function toggled<T>(list: readonly T[], word: T): readonly T[] {
  return list.includes(word) ? list.filter((each) => each !== word) : [...list, word];
}
