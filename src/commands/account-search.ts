import type { Settings } from '../../config/schema.ts';
import type { AttributeNames } from '../domain/account.ts';
import { MODES, WORDS } from '../domain/mode.ts';
import { escapeFilterValue } from '../ldap/wire/filter.ts';

/** A filter for the accounts with a uid, whether or not the site's filter matches them. */
export function uidFilter(uid: string): string {
  return `(uid=${escapeFilterValue(uid)})`;
}

/**
 * A filter for all accounts that may need work: those that are open, and those whose mode is
 * requested or in work.
 */
export function unsettledFilter({ directory, attributes }: Settings): string {
  const words = MODES.flatMap((mode) => [WORDS[mode].requested, WORDS[mode].inWork]);
  const modes = words.map((word) => `(${attributes.mode}=${word})`).join('');
  return `(&${directory.filter}(|(${attributes.state}=0)${modes}))`;
}

/** A filter for the accounts whose last attempt failed, with any return code or with one. */
export function failedFilter(
  { directory, attributes }: Settings,
  returnValue: NonNullable<AttributeNames['returnValue']>,
  code: number | undefined,
): string {
  const words = MODES.map((mode) => `(${attributes.mode}=${WORDS[mode].inWork})`).join('');
  const which = code === undefined ? `(${returnValue}=*)(!(${returnValue}=0))` : `(${returnValue}=${code})`;
  return `(&${directory.filter}(${attributes.state}=0)(|${words})${which})`;
}
