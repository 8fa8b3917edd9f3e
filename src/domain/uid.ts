import { comparableValue, rdnValues } from './dn.ts';

/**
 * The longest accepted uid. It becomes part of a file name, which has at most 255 bytes with its
 * suffixes.
 */
const LONGEST_UID = 200;

/**
 * Why a uid cannot be used; undefined if it can. A uid becomes an argument, a file name and part of
 * a path, so only characters without a special meaning in any of these are accepted.
 */
export function faultOfUid(uid: string): string | undefined {
  if (uid === '') return 'the uid is empty';
  if (uid.length > LONGEST_UID) return `the uid is longer than ${LONGEST_UID} characters`;
  if (!/^[A-Za-z0-9._@-]+$/.test(uid)) return 'the uid has characters outside A-Z a-z 0-9 . _ @ -';
  if (uid.startsWith('-')) return 'the uid begins with "-"';
  // Tools use such names next to the homes: .deleted, .snapshots.
  if (uid.startsWith('.')) return 'the uid begins with "."';
  return undefined;
}

/** Whether a text is a user number of the kernel: 32 bits, with the highest value reserved. */
export function isUidNumber(text: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) < 0xffff_ffff;
}

/** Whether getent and similar tools would take the uid for a number. */
export function isNumeric(uid: string): boolean {
  return /^\d+$/.test(uid);
}

/**
 * The uid of the account: the entry's only uid value, or the one in the RDN (RFC 4514, section
 * 2.3). Undefined if the RDN does not decide.
 */
export function decideUid(dn: string, values: readonly string[]): string | undefined {
  if (values.length === 1) return values[0];
  const inRdn = rdnValues(dn, 'uid').map(comparableValue);
  const named = values.filter((value) => inRdn.includes(comparableValue(value)));
  return named.length === 1 ? named[0] : undefined;
}

/** The uid in the RDN, if the RDN has exactly one. */
export function uidInRdn(dn: string): string | undefined {
  const [uid, ...others] = rdnValues(dn, 'uid');
  return others.length === 0 ? uid : undefined;
}
