import type { NamedValues } from './directory/request.ts';

/** The DNs of the embedded directory. They are those of a stoney backup site. */
export const SUFFIX_DN = 'dc=stoney-cloud,dc=org';
export const ADMINISTRATOR_DN = `cn=admin,${SUFFIX_DN}`;
export const SERVICE_DN = `cn=prov-backup-rsnapshot,ou=daemons,${SUFFIX_DN}`;
export const ACCOUNTS_DN = `ou=accounts,ou=backup,ou=services,${SUFFIX_DN}`;

/**
 * The uids of the accounts that exist at the start: one that has been added, and one that is due on
 * a later day.
 */
export const ADDED_UID = '4000001';
export const DEFERRED_UID = '4000004';

export interface TreeEntry {
  readonly dn: string;
  readonly attributes: readonly NamedValues[];
}

export interface TreeOptions {
  readonly servicePassword: string;
  /** Returns the home of an account. */
  readonly homeOf: (uid: string) => string;
  /** A later day, `YYYYMMDD`, for the deferred account. */
  readonly laterDay: string;
}

/** The entries of the embedded directory at the start, parents first. */
export function initialTree({ servicePassword, homeOf, laterDay }: TreeOptions): TreeEntry[] {
  const unit = (dn: string) => entry(dn, { objectClass: ['organizationalUnit'], ou: [dn.slice(3, dn.indexOf(','))] });
  const done = '20260101T000000Z';
  return [
    entry(SUFFIX_DN, { objectClass: ['organization', 'dcObject'], o: ['stoney cloud'], dc: ['stoney-cloud'] }),
    unit(`ou=daemons,${SUFFIX_DN}`),
    entry(SERVICE_DN, {
      objectClass: ['person'],
      cn: ['prov-backup-rsnapshot'],
      sn: ['prov-backup-rsnapshot'],
      userPassword: [servicePassword],
    }),
    unit(`ou=services,${SUFFIX_DN}`),
    unit(`ou=backup,ou=services,${SUFFIX_DN}`),
    unit(ACCOUNTS_DN),
    accountEntry(ADDED_UID, homeOf, { mode: 'added', state: done, date: '0' }),
    accountEntry('4000002', homeOf, { mode: 'modified', state: done, date: '0' }),
    accountEntry('4000003', homeOf, { mode: 'initialized', state: '0', date: '0' }),
    accountEntry(DEFERRED_UID, homeOf, { mode: 'add', state: '0', date: laterDay }),
  ];
}

/** The provisioning attributes of an account. */
export interface Provisioning {
  readonly mode: string;
  readonly state: string;
  readonly date: string;
}

/** The entry of an account, as a site's administration would write it. */
export function accountEntry(
  uid: string,
  homeOf: TreeOptions['homeOf'],
  { mode, state, date }: Provisioning,
): TreeEntry {
  return entry(accountDn(uid), {
    objectClass: ['account', 'posixAccount', 'shadowAccount', 'sstBackup', 'sstProvisioning'],
    uid: [uid],
    cn: [`Account ${uid}`],
    uidNumber: [uid],
    gidNumber: [uid],
    homeDirectory: [homeOf(uid)],
    sstQuota: ['1073741824'],
    sstIsActive: ['TRUE'],
    sstProvisioningMode: [mode],
    sstProvisioningState: [state],
    sstProvisioningDate: [date],
  });
}

export function accountDn(uid: string): string {
  return `uid=${uid},${ACCOUNTS_DN}`;
}

function entry(dn: string, attributes: Readonly<Record<string, readonly string[]>>): TreeEntry {
  return {
    dn,
    attributes: Object.entries(attributes).map(([name, values]) => ({
      name,
      values: values.map((value) => Buffer.from(value, 'utf8')),
    })),
  };
}
