/** What distinguishes accounts, and versions of an account. */
import type { AccountRecord } from '../../src/domain/account.ts';
import { comparableDn } from '../../src/domain/dn.ts';
import { isTokenDay } from '../../src/domain/fence.ts';
import { interned } from '../../src/domain/interned.ts';
import { readMode } from '../../src/domain/mode.ts';

/**
 * Returns what distinguishes one account from another: the entryUUID (RFC 4530), or the comparable
 * DN if the server has none.
 */
export function identityOf(record: Pick<AccountRecord, 'entryUUID' | 'dn'>): string {
  return record.entryUUID ?? comparableDn(record.dn);
}

/**
 * Returns what distinguishes one version of an entry from another: the entryCSN or, if the server
 * shows none, the modifyTimestamp, which counts in seconds.
 */
export function versionOf({ entryCSN, modifiedAt }: AccountRecord): string {
  return entryCSN ?? String(modifiedAt);
}

/** When an entry was written, as far as the server shows it and the attributes were requested. */
export type Stamp = Pick<AccountRecord, 'entryCSN' | 'modifiedAt'>;

/** Whether two readings may show the same version. The entryCSN decides if both have it. */
export function isSameStamp(one: Stamp, other: Stamp): boolean {
  if (one.entryCSN !== undefined && other.entryCSN !== undefined) return one.entryCSN === other.entryCSN;
  return one.modifiedAt === other.modifiedAt;
}

/**
 * Returns the text of all values that a decision depends on, normalised as LDAP compares them. For
 * an account in work, these do not include the day and the attribute `active`.
 */
export function fingerprintOf(record: AccountRecord): string {
  const { mode, state, date, active, returnValue } = record;
  const more = readMode(mode)?.phase === 'inWork' ? [] : [date?.value ?? '', String(active)];
  return interned([mode, state, returnValue ?? '', ...more].map((value) => value.toLowerCase()).join('\n'));
}

/**
 * Whether an account in work is still as this service left it, so that no other service works on
 * it.
 */
export function isLeftAlone(left: AccountRecord, standing: AccountRecord): boolean {
  if (standing.entryCSN !== undefined) return standing.entryCSN === left.entryCSN;
  const isSame = left.date?.value === standing.date?.value && left.returnValue === standing.returnValue;
  return isSame && (isTokenDay(standing.date?.value ?? '') || left.modifiedAt === standing.modifiedAt);
}
