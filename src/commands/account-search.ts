import type { Settings } from '../../config/schema.ts';
import type { AttributeNames } from '../domain/account.ts';
import { MODES, WORDS } from '../domain/mode.ts';
import { escapeFilterValue } from '../ldap/wire/filter.ts';

/** Entries a page of the commands' searches: a directory's usual limits allow it, and memory holds one page. */
export const PAGE_SIZE = 500;

/** The accounts with a uid, whether or not they match the site's filter. */
export function uidFilter(uid: string): string {
  return `(uid=${escapeFilterValue(uid)})`;
}

/** Whatever may be owed: every account that is open, and every one whose mode says that something is asked or in work. */
export function owedFilter({ directory, attributes }: Settings): string {
  const words = MODES.flatMap((mode) => [WORDS[mode].requested, WORDS[mode].inWork]);
  const asked = words.map((word) => `(${attributes.mode}=${word})`).join('');
  return `(&${directory.filter}(|(${attributes.state}=0)${asked}))`;
}

/** The accounts whose last attempt failed: all of them, or those with one return code. */
export function failedFilter(
  { directory, attributes }: Settings,
  returnValue: NonNullable<AttributeNames['returnValue']>,
  code: number | undefined,
): string {
  const words = MODES.map((mode) => `(${attributes.mode}=${WORDS[mode].inWork})`).join('');
  const which = code === undefined ? `(${returnValue}=*)(!(${returnValue}=0))` : `(${returnValue}=${code})`;
  return `(&${directory.filter}(${attributes.state}=0)(|${words})${which})`;
}
