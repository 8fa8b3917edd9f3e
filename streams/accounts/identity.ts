/** What tells accounts, and versions of an account, from each other. */
import type { AccountRecord } from '../../src/domain/account.ts';
import { comparableDn } from '../../src/domain/dn.ts';
import { isTokenDay } from '../../src/domain/fence.ts';
import { readMode } from '../../src/domain/mode.ts';

/**
 * What tells one account from another: the entryUUID (RFC 4530), or the DN where the server keeps
 * none.
 */
export function identityOf(record: Pick<AccountRecord, 'entryUUID' | 'dn'>): string {
  return record.entryUUID ?? comparableDn(record.dn);
}

/**
 * Tells one version of an entry from another: by the second only, where the server shows no change
 * sequence numbers.
 */
export function versionOf({ entryCSN, modifiedAt }: AccountRecord): string {
  return entryCSN ?? String(modifiedAt);
}

/** When an entry was written, as far as the server and the attributes that were asked for tell. */
export type Stamp = Pick<AccountRecord, 'entryCSN' | 'modifiedAt'>;

/**
 * Whether two readings may be of the same version: the exact sequence number decides where both
 * have it.
 */
export function isSameStamp(one: Stamp, other: Stamp): boolean {
  if (one.entryCSN !== undefined && other.entryCSN !== undefined) return one.entryCSN === other.entryCSN;
  return one.modifiedAt === other.modifiedAt;
}

/**
 * All that a decision depends on, as LDAP compares it: for an account in work neither its day nor
 * whether it is active.
 */
export function fingerprintOf(record: AccountRecord): string {
  const { mode, state, date, active, returnValue } = record;
  const more = readMode(mode)?.phase === 'inWork' ? [] : [date?.value ?? '', String(active)];
  return [mode, state, returnValue ?? '', ...more].map((value) => value.toLowerCase()).join('\n');
}

/**
 * Whether an account in work stands as it was left, so that another service is not at work on it.
 */
export function isLeftAlone(left: AccountRecord, standing: AccountRecord): boolean {
  if (standing.entryCSN !== undefined) return standing.entryCSN === left.entryCSN;
  const isSame = left.date?.value === standing.date?.value && left.returnValue === standing.returnValue;
  return isSame && (isTokenDay(standing.date?.value ?? '') || left.modifiedAt === standing.modifiedAt);
}
