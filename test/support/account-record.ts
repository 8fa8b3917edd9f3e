import type { AccountRecord } from '../../src/domain/account.ts';

/** An open `add` of the account `a` that is due now, with `changes`. */
export function accountRecord(changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    dn: 'uid=a,dc=example',
    entryUUID: 'uuid-a',
    uid: 'a',
    mode: 'add',
    state: '0',
    date: { name: 'sstProvisioningDate', value: '0' },
    active: true,
    returnValue: undefined,
    modifiedAt: undefined,
    ...changes,
  };
}
