import { comparableValue, rdnValues } from './dn.ts';

/** Longest uid accepted: it becomes a file name, which takes 255 bytes, suffixes included. */
const LONGEST_UID = 200;

/**
 * Why a uid cannot be worked with, or undefined where it can. A uid becomes an argument, a file name and part of a path,
 * so only characters that mean nothing to any of them pass.
 */
export function faultOfUid(uid: string): string | undefined {
  if (uid === '') return 'the uid is empty';
  if (uid.length > LONGEST_UID) return `the uid is longer than ${LONGEST_UID} characters`;
  if (!/^[A-Za-z0-9._@-]+$/.test(uid)) return 'the uid has characters outside A-Z a-z 0-9 . _ @ -';
  if (uid.startsWith('-')) return 'the uid begins with "-"';
  // Such names beside homes are the tools' own: .deleted, .snapshots.
  if (uid.startsWith('.')) return 'the uid begins with "."';
  return undefined;
}

/** Whether a text is a user number as the kernel knows them: 32 bits, the last one reserved. */
export function isUidNumber(text: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) < 0xffff_ffff;
}

/** Whether getent and its like take a uid for a number. */
export function isNumeric(uid: string): boolean {
  return /^\d+$/.test(uid);
}

/**
 * Which of an entry's uid values names the account: the only one, or the one in the RDN (RFC 4514, section 2.3).
 * Undefined where the RDN does not decide.
 */
export function decideUid(dn: string, values: readonly string[]): string | undefined {
  if (values.length === 1) return values[0];
  const inRdn = rdnValues(dn, 'uid').map(comparableValue);
  const named = values.filter((value) => inRdn.includes(comparableValue(value)));
  return named.length === 1 ? named[0] : undefined;
}

/** The uid that the RDN gives, where it gives one and no more. */
export function uidInRdn(dn: string): string | undefined {
  const [uid, ...others] = rdnValues(dn, 'uid');
  return others.length === 0 ? uid : undefined;
}
