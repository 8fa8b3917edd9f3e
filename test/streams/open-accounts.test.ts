import { beforeEach, describe, expect, it } from 'vitest';
import { longestPause } from '../../src/domain/retry.ts';
import { accountMemory } from '../../streams/accounts/account-memory.ts';
import type { Left } from '../../streams/accounts/open-account.ts';
import type { OpenAccounts } from '../../streams/accounts/open-accounts.ts';
import { accountRecord } from '../support/account-record.ts';

let open: OpenAccounts;

const LONGEST = 60_000;
const NO_RETRY = { temporary: { attempts: 1, initial: 1, max: 1 }, script: { attempts: 1, initial: 1, max: 1 } };
/** The time of this host's clock. */
let now: number;

function memory(): OpenAccounts {
  return accountMemory({
    instances: 'one',
    longestMilliseconds: () => LONGEST + longestPause(NO_RETRY),
    behindAfterMilliseconds: 300_000,
    monotonic: () => now,
  });
}

beforeEach(() => {
  now = 0;
  open = memory();
});

/** The accounts that have left at the end of a refresh or list. */
function missing(snapshot: number): Left[] {
  return rest(open.endSnapshot(snapshot));
}

function rest(accounts: Iterator<Left | undefined>): Left[] {
  const left: Left[] = [];
  for (let next = accounts.next(); !next.done; next = accounts.next())
    if (next.value !== undefined) left.push(next.value);
  return left;
}

const ADDING = accountRecord({ mode: 'adding' });

describe('the accounts in sight', () => {
  it('are news when seen for the first time, and unchanged when seen as before', () => {
    expect(open.seen(accountRecord())).toMatchObject({ id: 'uuid-a', isEcho: false, unchanged: false });
    expect(open.seen(accountRecord({ mode: 'ADD' }))).toMatchObject({ isEcho: false, unchanged: true });
    expect(open.seen(accountRecord({ date: { name: 'sstProvisioningDate', value: '20270101' } })).unchanged).toBe(
      false,
    );
  });

  it('are told apart by their DN, in any case, where the server keeps no entryUUID', () => {
    open.seen(accountRecord({ entryUUID: undefined }));
    expect(open.seen(accountRecord({ entryUUID: undefined, dn: 'UID=A,dc=example' })).unchanged).toBe(true);
    expect(open.left('Uid=a,dc=example', undefined)).toMatchObject({ uid: 'a' });
    expect(open.size).toBe(0);
  });

  it('are told apart by their DN however it is written, where the server keeps no entryUUID', () => {
    open.seen(accountRecord({ entryUUID: undefined, dn: 'uid=a,ou=Z\\C3\\BCrich\\2C Zug,dc=example' }));
    const otherwise = 'userid=a, ou="zürich, zug"; DC=Example';
    expect(open.seen(accountRecord({ entryUUID: undefined, dn: otherwise })).unchanged).toBe(true);
    expect(open.size).toBe(1);
    expect(open.left('2.5.4.11=x,uid=a,ou=Zürich\\, Zug,dc=example', undefined)).toBeUndefined();
    expect(open.left('uid=a,ou=Zürich\\, Zug,domainComponent=example', undefined)).toMatchObject({ uid: 'a' });
    expect(open.size).toBe(0);
  });

  it('leave by their entryUUID under whatever DN, or by the DN that they had last', () => {
    open.seen(accountRecord());
    expect(open.left('uid=renamed,dc=example', 'uuid-a')).toMatchObject({ id: 'uuid-a', dn: 'uid=a,dc=example' });
    open.seen(accountRecord());
    open.seen(accountRecord({ dn: 'uid=b,dc=example', uid: 'b' }));
    expect(open.left('uid=a,dc=example', undefined)).toBeUndefined();
    expect(open.left('uid=b,dc=example', undefined)).toMatchObject({ id: 'uuid-a', uid: 'b' });
    expect(open.left('uid=b,dc=example', undefined)).toBeUndefined();
  });

  it('do not leave because another entry did that had their DN before', () => {
    open.seen(accountRecord({ entryUUID: 'uuid-new' }));
    expect(open.left('uid=a,dc=example', 'uuid-old')).toBeUndefined();
    expect(open.size).toBe(1);
  });
});

describe('echoes', () => {
  it('are recognised before and after the answer to the write', () => {
    open.seen(accountRecord());
    open.wrote('uuid-a', ADDING, { working: true });
    expect(open.seen(ADDING)).toMatchObject({ isEcho: true, working: true });
    open.wrote('uuid-a', ADDING, { working: true });
    expect(open.seen(ADDING).isEcho).toBe(true);
  });

  it('are recognised after the account was finished', () => {
    open.seen(accountRecord());
    open.wrote('uuid-a', ADDING, { working: true });
    open.finished('uuid-a', undefined);
    expect(open.seen(ADDING).isEcho).toBe(true);
    expect(open.size).toBe(0);
  });

  it('are distinguished from work that is claimed again after the account was finished', () => {
    const claimed = { ...ADDING, modifiedAt: 5_000 };
    const settled = () => {
      open.seen(accountRecord());
      open.wrote('uuid-a', claimed, { working: true });
      open.finished('uuid-a', undefined);
    };
    settled();
    expect(open.seen(claimed).isEcho).toBe(true);
    expect(open.seen({ ...claimed, modifiedAt: 6_000 }).isEcho).toBe(false);
    settled();
    expect(open.seen(claimed, { by: 'refresh', snapshot: open.beginSnapshot() }).isEcho).toBe(false);
  });

  it('are recognised of an outcome that is being written', () => {
    open.wrote('uuid-a', ADDING, { working: true });
    open.writing('uuid-a', { ...ADDING, returnValue: '5' });
    expect(open.seen({ ...ADDING, returnValue: '5' }).isEcho).toBe(true);
    expect(open.seen({ ...ADDING, returnValue: '6' }).isEcho).toBe(false);
  });

  it('are forgotten with the next request', () => {
    open.wrote('uuid-a', ADDING, { working: true });
    open.finished('uuid-a', undefined);
    expect(open.seen(accountRecord()).isEcho).toBe(false);
    open.release('uuid-a');
    expect(open.seen(ADDING).isEcho).toBe(false);
  });

  it('are remembered of a bounded number of finished accounts', () => {
    for (let index = 0; index < 5_000; index += 1) {
      open.wrote(`uuid-${index}`, accountRecord({ ...ADDING, entryUUID: `uuid-${index}` }), { working: true });
      open.finished(`uuid-${index}`, undefined);
    }
    expect(open.size).toBe(0);
    expect(open.seen(accountRecord({ ...ADDING, entryUUID: 'uuid-4999' })).isEcho).toBe(true);
    expect(open.seen(accountRecord({ ...ADDING, entryUUID: 'uuid-0' })).isEcho).toBe(false);
  });

  it('are not confused with a request, or with a return value that somebody took away', () => {
    open.wrote('uuid-a', { ...ADDING, returnValue: '5' }, { working: false });
    expect(open.seen(accountRecord()).isEcho).toBe(false);
    open.wrote('uuid-a', { ...ADDING, returnValue: '5' }, { working: false });
    expect(open.seen(ADDING).isEcho).toBe(false);
  });

  it('of an account in work stay its own when only its day or its activity changed', () => {
    open.wrote('uuid-a', ADDING, { working: false });
    expect(open.seen({ ...ADDING, active: false }).isEcho).toBe(true);
    expect(open.seen({ ...ADDING, date: { name: 'sstProvisioningDate', value: '20270101' } }).isEcho).toBe(true);
  });
});

describe('a refresh or a list', () => {
  it('tells at its end which accounts it did not hold', () => {
    open.seen(accountRecord());
    open.seen(accountRecord({ entryUUID: 'uuid-b', dn: 'uid=b,dc=example', uid: 'b' }));
    const list = open.beginSnapshot();
    open.seen(accountRecord(), { by: 'list', snapshot: list });
    expect(missing(list)).toMatchObject([{ id: 'uuid-b' }]);
    expect(open.size).toBe(1);
  });

  it('does not take for missing what came into sight after it began', () => {
    const list = open.beginSnapshot();
    open.seen(accountRecord());
    expect(missing(list)).toEqual([]);
  });

  it('does not take for missing what another one that began later has seen', () => {
    open.seen(accountRecord());
    const list = open.beginSnapshot();
    const refresh = open.beginSnapshot();
    open.seen(accountRecord(), { by: 'refresh', snapshot: refresh });
    expect(missing(list)).toEqual([]);
    expect(missing(refresh)).toEqual([]);
  });

  it('that began before an account was written does not count for it, and the next one does', () => {
    open.seen(accountRecord());
    const list = open.beginSnapshot();
    open.wrote('uuid-a', ADDING, { working: false });
    expect(open.seen(accountRecord(), { by: 'list', snapshot: list })).toMatchObject({ isEcho: true });
    expect(missing(list)).toEqual([]);
    expect(open.seen(accountRecord(), { by: 'list', snapshot: open.beginSnapshot() })).toMatchObject({
      isEcho: false,
      unchanged: false,
    });
  });

  it('that began before an account was finished does not count for it, and the next one does', () => {
    open.wrote('uuid-a', ADDING, { working: true });
    const list = open.beginSnapshot();
    open.finished('uuid-a', undefined);
    expect(open.seen(accountRecord(), { by: 'list', snapshot: list })).toMatchObject({ isEcho: true });
    expect(open.size).toBe(0);
    expect(open.seen(accountRecord(), { by: 'list', snapshot: open.beginSnapshot() })).toMatchObject({ isEcho: false });
  });

  it('counts for an account that was written before it began', () => {
    open.wrote('uuid-a', ADDING, { working: true });
    const list = open.beginSnapshot();
    expect(open.seen(accountRecord({ mode: 'modify' }), { by: 'list', snapshot: list })).toMatchObject({
      isEcho: false,
      working: true,
    });
  });

  it('does not hide a change that comes while it runs', () => {
    const list = open.beginSnapshot();
    open.wrote('uuid-a', ADDING, { working: true });
    expect(open.seen(accountRecord({ mode: 'modify' }))).toMatchObject({ isEcho: false });
    expect(missing(list)).toEqual([]);
  });
});

describe('an account that a complete refresh did not hold', () => {
  /**
   * Two accounts, the second of which is not part of the refresh. The end of the refresh is not
   * read yet.
   */
  function missingB(): Iterator<Left | undefined> {
    open.seen(accountRecord());
    open.seen(accountRecord({ entryUUID: 'uuid-b', dn: 'uid=b,dc=example', uid: 'b' }));
    const refresh = open.beginSnapshot();
    open.seen(accountRecord(), { by: 'refresh', snapshot: refresh });
    return open.endSnapshot(refresh);
  }
  const B = accountRecord({ entryUUID: 'uuid-b', dn: 'uid=b,dc=example', uid: 'b' });

  it('has left before the sweep reaches it: seen again it is news, and is reported as left then', () => {
    const accounts = missingB();
    expect(open.seen(B)).toMatchObject({ isEcho: false, unchanged: false, missed: { id: 'uuid-b', uid: 'b' } });
    expect(open.seen(B)).toMatchObject({ unchanged: true });
    expect(rest(accounts)).toEqual([]);
    expect(open.size).toBe(2);
  });

  it('leaves once, also if a change reports that', () => {
    const accounts = missingB();
    expect(open.left('uid=b,dc=example', undefined)).toMatchObject({ id: 'uuid-b' });
    expect(rest(accounts)).toEqual([]);
    expect(open.size).toBe(1);
  });

  it('is no longer known to be written by this service', () => {
    open.seen(B);
    open.wrote('uuid-b', { ...B, mode: 'adding' }, { working: true });
    const accounts = missingB();
    expect(open.isOvertaken('uuid-b')).toBe(false);
    expect(open.seen({ ...B, mode: 'adding' })).toMatchObject({ isEcho: false, missed: { working: true } });
    expect(rest(accounts)).toEqual([]);
  });

  it('stays where this service wrote to it meanwhile', () => {
    const accounts = missingB();
    open.wrote('uuid-b', { ...B, mode: 'adding' }, { working: true });
    expect(rest(accounts)).toEqual([]);
    expect(open.seen({ ...B, mode: 'adding' })).toMatchObject({ isEcho: true, working: true });
  });
});
