import { createHash } from 'node:crypto';
import { escapeDnValue } from '../domain/dn.ts';
import { ldifLine } from './write-ldif.ts';

/** A backup account to try the service with, as `ldif create` writes it. */
export interface AccountDescription {
  readonly uid: string;
  /** The DN below which the accounts are. */
  readonly base: string;
  readonly reseller: string;
  readonly customer: string;
  readonly people: string;
  readonly givenname: string;
  readonly surname: string;
  /** The quota in bytes. */
  readonly quota: string;
  readonly home: string;
  /** The name of the attribute that holds the provisioning date. */
  readonly dateAttribute: string;
}

export interface LdifFile {
  readonly name: string;
  readonly text: string;
}

const OBJECT_CLASSES = [
  'top',
  'person',
  'organizationalPerson',
  'inetOrgPerson',
  'posixAccount',
  'shadowAccount',
  'sstBackup',
  'sstProvisioning',
  'sstRelationship',
];

/** Returns four files for the life of an account: add, modify, delete, and removal of the entry. */
export function accountLdif(account: AccountDescription): readonly LdifFile[] {
  const dn = ldifLine('dn', `uid=${escapeDnValue(account.uid)},${account.base}`);
  const request = (mode: string): readonly (readonly [string, string])[] => [
    ['sstProvisioningMode', mode],
    ['sstProvisioningState', '0'],
    [account.dateAttribute, '0'],
  ];
  const attributes = [...attributesOf(account), ...request('add')];
  const add = attributes.map(([name, value]) => ldifLine(name, value));
  const replacing = (values: readonly (readonly [string, string])[]): string[] =>
    values.flatMap(([name, value]) => [ldifLine('replace', name), ldifLine(name, value), '-']);
  const file = (step: string, what: string, ...lines: readonly string[]): LdifFile => ({
    name: `${step}_${account.uid}.ldif`,
    text: ['version: 1', '', `# ${what}`, dn, ...lines, ''].join('\n'),
  });
  return [
    file('01_add', 'Adds the account and requests that it is set up.', 'changetype: add', ...add),
    file(
      '02_modify',
      'Requests that the account is set up again.',
      'changetype: modify',
      ...replacing(request('modify')),
    ),
    file(
      '03_delete',
      'Takes the account out of use and requests that it is deleted.',
      'changetype: modify',
      ...replacing([['sstIsActive', 'FALSE'], ...request('delete')]),
    ),
    file('04_remove', 'Removes the entry from the directory.', 'changetype: delete'),
  ];
}

function attributesOf(account: AccountDescription): readonly (readonly [string, string])[] {
  const number = userNumber(account.uid);
  return [
    ...OBJECT_CLASSES.map((name) => ['objectClass', name] as const),
    ['uid', account.uid],
    ['cn', `${account.givenname} ${account.surname}`],
    ['givenName', account.givenname],
    ['sn', account.surname],
    ['uidNumber', number],
    ['gidNumber', number],
    ['homeDirectory', account.home],
    ['sstIsActive', 'TRUE'],
    ['sstQuota', account.quota],
    ['sstBackupIntervalHourly', '0'],
    ['sstBackupIntervalDaily', '7'],
    ['sstBackupIntervalWeekly', '4'],
    ['sstBackupIntervalMonthly', '6'],
    ['sstBackupIntervalYearly', '0'],
    ['sstBelongsToResellerUID', account.reseller],
    ['sstBelongsToCustomerUID', account.customer],
    ['sstBelongsToPersonUID', account.people],
  ];
}

const LOWEST_NUMBER = 1_000;
const HIGHEST_NUMBER = 2 ** 31 - 1;

/**
 * Returns the uid itself if it can be a user number above those of the system; otherwise a number
 * that is always the same for that uid.
 */
export function userNumber(uid: string): string {
  if (/^[1-9]\d{3,9}$/.test(uid) && Number(uid) >= LOWEST_NUMBER && Number(uid) <= HIGHEST_NUMBER) return uid;
  const hash = createHash('sha256').update(uid).digest().readUInt32BE(0);
  return `${1_000_000_000 + (hash % 1_000_000_000)}`;
}
