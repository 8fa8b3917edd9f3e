/** The DNs of the tests' directory tree, and the accounts in it. */
import type { AttributeNames } from '../../src/domain/account.ts';
import { escapeDnValue } from '../../src/domain/dn.ts';

export const SUFFIX = 'dc=stoney-cloud,dc=org';
export const SERVICES = `ou=services,${SUFFIX}`;
export const BASE = `ou=accounts,ou=backup,${SERVICES}`;
export const LEASES = `ou=leases,${SERVICES}`;
export const DAEMONS = `ou=daemons,${SUFFIX}`;
/**
 * The bind account of the service. It reads the accounts and writes their sstProvisioning
 * attributes, nothing else.
 */
export const SERVICE_DN = `cn=prov-backup-rsnapshot,${DAEMONS}`;
export const SERVICE_PASSWORD = 'service-secret';
export const PROVISIONING_ATTRIBUTES = [
  'sstProvisioningMode',
  'sstProvisioningState',
  'sstProvisioningExecutionDate',
  'sstProvisioningReturnValue',
  'sstProvisioningExecutionTime',
] as const;

/** The default names of the attributes. */
export const NAMES: AttributeNames = {
  mode: 'sstProvisioningMode',
  state: 'sstProvisioningState',
  date: ['sstProvisioningDate', 'sstProvisioningExecutionDate'],
  active: 'sstIsActive',
  returnValue: 'sstProvisioningReturnValue',
  executionTime: null,
};

/** The default rules for accounts. */
export const RULES = { lowestUidNumber: 1000, homeRoot: null, homeLayout: '{uid}' };

export type Value = string | Buffer;
/** The URL of a directory, and the credentials for a bind. */
export interface DirectoryLogin {
  readonly url: string;
  readonly dn: string;
  readonly password: string;
}

export type Attributes = Readonly<Record<string, Value | readonly Value[]>>;

export function accountDn(uid: string): string {
  return `uid=${escapeDnValue(uid)},${BASE}`;
}

/**
 * The attributes of a finished account that is complete for the schema. `overrides` replace or add
 * attributes.
 */
export function accountAttributes(uid: string, overrides: Attributes = {}): Attributes {
  const number = String(/^[1-9][0-9]{3,8}$/.test(uid) ? Number(uid) : 3_000_000);
  return {
    objectClass: ['account', 'posixAccount', 'shadowAccount', 'sstProvisioning', 'sstBackup', 'sstRelationship'],
    uid,
    cn: `Account ${uid}`,
    uidNumber: number,
    gidNumber: '3000000',
    homeDirectory: `/var/backup/${uid}/chroot/./home/${uid}`,
    sstIsActive: 'TRUE',
    sstQuota: '1073741824',
    sstBelongsToResellerUID: '4000000',
    sstProvisioningMode: 'added',
    sstProvisioningState: '20260101T000000Z',
    sstProvisioningDate: '0',
    ...overrides,
  };
}

/** One LDIF record (RFC 2849). Values that LDIF cannot hold as text are in base64. */
export function ldifRecord(dn: string, attributes: Attributes): string {
  const lines = [ldifLine('dn', dn)];
  for (const [name, given] of Object.entries(attributes)) {
    const values = typeof given === 'string' || Buffer.isBuffer(given) ? [given] : given;
    for (const value of values) lines.push(ldifLine(name, value));
  }
  return `${lines.join('\n')}\n\n`;
}

export function accountLdif(uid: string, overrides: Attributes = {}): string {
  return ldifRecord(accountDn(uid), accountAttributes(uid, overrides));
}

/** The LDIF of `count` finished accounts with uids from `first` on, for `preload`. */
export function* manyAccounts(count: number, overrides: Attributes = {}, first = 1_000_000): Generator<string> {
  for (let index = 0; index < count; index += 1) yield accountLdif(String(first + index), overrides);
}

/** The tree above the accounts, with the service's bind account. */
export function treeLdif(): string {
  const unit = (dn: string) => ldifRecord(dn, { objectClass: 'organizationalUnit', ou: dn.slice(3, dn.indexOf(',')) });
  return [
    ldifRecord(SUFFIX, { objectClass: ['organization', 'dcObject'], o: 'stoney cloud', dc: 'stoney-cloud' }),
    unit(DAEMONS),
    ldifRecord(SERVICE_DN, {
      objectClass: 'person',
      cn: 'prov-backup-rsnapshot',
      sn: 'prov-backup-rsnapshot',
      userPassword: SERVICE_PASSWORD,
    }),
    unit(SERVICES),
    unit(`ou=backup,${SERVICES}`),
    unit(BASE),
    unit(LEASES),
  ].join('');
}

function ldifLine(name: string, value: Value): string {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value, 'utf8');
  const plain = /^(?![ :<])[\x20-\x7e]*(?<! )$/.test(bytes.toString('latin1'));
  return plain ? `${name}: ${bytes.toString('latin1')}` : `${name}:: ${bytes.toString('base64')}`;
}
