import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { accountMemory } from '../../streams/accounts/account-memory.ts';
import type { Left } from '../../streams/accounts/open-account.ts';
import type { OpenAccounts } from '../../streams/accounts/open-accounts.ts';
import { accountRecord } from '../support/account-record.ts';

let open: OpenAccounts;

const LONGEST = 60_000;
const NO_RETRY = { temporary: { attempts: 1, initial: 1, max: 1 }, script: { attempts: 1, initial: 1, max: 1 } };
/** The time of this host's clock and of the directory's. */
let now: number;

function memory(instances: 'one' | 'several'): OpenAccounts {
  return accountMemory({
    instances,
    longestHandlerMilliseconds: LONGEST,
    retry: NO_RETRY,
    behindAfterMilliseconds: 300_000,
    monotonic: () => now,
    directoryTime: () => now,
  });
}

beforeEach(() => {
  now = 0;
  open = memory('one');
});

const UNFENCED = { by: 'nothing' } as const;

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

  it('are told from what stands in work anew after the account was finished', () => {
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

  it('that began before an account was written is not heeded about it, and the next one is', () => {
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

  it('that began before an account was finished is not heeded about it, and the next one is', () => {
    open.wrote('uuid-a', ADDING, { working: true });
    const list = open.beginSnapshot();
    open.finished('uuid-a', undefined);
    expect(open.seen(accountRecord(), { by: 'list', snapshot: list })).toMatchObject({ isEcho: true });
    expect(open.size).toBe(0);
    expect(open.seen(accountRecord(), { by: 'list', snapshot: open.beginSnapshot() })).toMatchObject({ isEcho: false });
  });

  it('is heeded about an account that was written before it began', () => {
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

describe('the work of another service', () => {
  const THEIRS = accountRecord({ mode: 'adding', modifiedAt: 5_000, entryCSN: 'csn-5' });
  /** Written while they were at work; the entry does not show that. */
  const NEWER = accountRecord({ mode: 'modify', modifiedAt: 6_000, entryCSN: 'csn-6' });
  /** When they were seen at work, by the directory's clock. */
  const since = (record: AccountRecord) => {
    const left = open.othersTimeLeft(record);
    return left <= 0 ? undefined : left - LONGEST - 1;
  };

  beforeEach(() => {
    open = memory('several');
  });

  it('is known from its claim, also through a newer request', () => {
    open.seen(accountRecord({ modifiedAt: 4_000, entryCSN: 'csn-4' }));
    expect(since(accountRecord({ modifiedAt: 4_000, entryCSN: 'csn-4' }))).toBeUndefined();
    open.seen(THEIRS);
    open.seen(NEWER);
    expect(since(NEWER)).toBe(5_000);
  });

  it('is known from its claim, also in the second in which the entry was created', () => {
    open.seen(accountRecord({ createdAt: 5_000, modifiedAt: 5_000, entryCSN: 'csn-4' }));
    open.seen({ ...THEIRS, createdAt: 5_000 });
    const newer = { ...NEWER, createdAt: 5_000, modifiedAt: 5_000 };
    open.seen(newer);
    expect(since(newer)).toBe(5_000);
  });

  it('is over when it failed, when it left a return value, and when this service takes the account', () => {
    open.seen(THEIRS);
    open.seen({ ...THEIRS, returnValue: '5' });
    open.seen(NEWER);
    expect(since(NEWER)).toBeUndefined();
    open.seen(THEIRS);
    open.seen({ ...NEWER, returnValue: '0' });
    expect(since({ ...NEWER, returnValue: '0' })).toBeUndefined();
    open.seen(THEIRS);
    open.wrote('uuid-a', THEIRS, { working: true });
    open.seen(NEWER);
    expect(since(NEWER)).toBeUndefined();
  });

  it('is learnt while an own claim is under way that it forestalls', () => {
    open.seen(accountRecord());
    open.claiming('uuid-a', ADDING, UNFENCED);
    open.seen(THEIRS);
    open.release('uuid-a');
    open.seen(NEWER);
    expect(since(NEWER)).toBe(5_000);
  });

  it('is not forgotten by an own claim that does not succeed', () => {
    open.seen(THEIRS);
    open.claiming('uuid-a', ADDING, UNFENCED);
    open.release('uuid-a');
    open.seen(NEWER);
    expect(since(NEWER)).toBe(5_000);
  });

  it('is told from the late echo of an own claim', () => {
    open.claiming('uuid-a', accountRecord({ mode: 'adding', modifiedAt: 4_000 }), UNFENCED);
    open.wrote('uuid-a', THEIRS, { working: true });
    open.release('uuid-a');
    open.seen(THEIRS);
    open.seen(NEWER);
    expect(since(NEWER)).toBeUndefined();
  });

  it('may stand behind a request that a refresh shows, unless a return value or the age of the entry speaks against it', () => {
    const refresh = { by: 'refresh', snapshot: open.beginSnapshot() } as const;
    open.seen(NEWER, refresh);
    expect(since(NEWER)).toBe(6_000);
    const done = accountRecord({ ...NEWER, entryUUID: 'uuid-b', uid: 'b', dn: 'uid=b,dc=example', returnValue: '0' });
    open.seen(done, refresh);
    expect(since(done)).toBeUndefined();
    const created = accountRecord({
      entryUUID: 'uuid-c',
      uid: 'c',
      createdAt: 6_000,
      modifiedAt: 6_000,
      entryCSN: 'csn-6',
    });
    open.seen(created, refresh);
    expect(since(created)).toBeUndefined();
  });

  it('does not stand behind a request that was seen before, and is the same version still', () => {
    open.seen(NEWER);
    open.seen(NEWER, { by: 'refresh', snapshot: open.beginSnapshot() });
    expect(since(NEWER)).toBeUndefined();
    expect(since({ ...NEWER, modifiedAt: 7_000, entryCSN: 'csn-7' })).toBe(7_000);
  });

  it('may stand behind what a list shows, until the stream tells of it', () => {
    open.seen(NEWER, { by: 'list', snapshot: open.beginSnapshot() });
    expect(since(NEWER)).toBe(6_000);
    open.seen(NEWER);
    expect(since(NEWER)).toBeUndefined();
  });

  it('is not over because of a list, which may be older than the claim', () => {
    open.seen(THEIRS);
    open.seen(accountRecord({ returnValue: '0' }), { by: 'list', snapshot: open.beginSnapshot() });
    open.seen(NEWER);
    expect(since(NEWER)).toBe(5_000);
  });

  it('shows in a return value that is gone, and in a version that is told twice', () => {
    open.seen(accountRecord({ modifiedAt: 4_000, entryCSN: 'csn-4', returnValue: '0' }));
    open.seen(NEWER);
    expect(since(NEWER)).toBe(6_000);
    const other = { entryUUID: 'uuid-b', uid: 'b', dn: 'uid=b,dc=example' };
    open.seen({ ...NEWER, ...other });
    expect(since({ ...NEWER, ...other })).toBeUndefined();
    open.seen({ ...NEWER, ...other });
    expect(since({ ...NEWER, ...other })).toBe(6_000);
  });

  it('does not show in a return value that somebody clears who asks for a failed account again', () => {
    open.seen({ ...THEIRS, returnValue: '5' });
    open.seen(NEWER);
    expect(since(NEWER)).toBeUndefined();
  });

  it('is learnt from what is read, also to the other entries of the uid', () => {
    open.learnt(THEIRS);
    const another = accountRecord({ entryUUID: 'uuid-b', modifiedAt: 6_000, createdAt: 6_000 });
    open.seen(another);
    expect(since(another)).toBe(5_000);
    open.learnt(NEWER);
  });

  it('does not stand behind what was written over a failure that could not be written', () => {
    open.seen(accountRecord({ modifiedAt: 1_000, entryCSN: 'csn-1' }));
    open.wrote('uuid-a', accountRecord({ mode: 'adding', modifiedAt: 2_000, entryCSN: 'csn-2' }), { working: true });
    open.seen(NEWER);
    open.writing('uuid-a', accountRecord({ mode: 'adding', modifiedAt: 2_000, entryCSN: 'csn-2', returnValue: '5' }));
    open.release('uuid-a');
    expect(since(NEWER)).toBeUndefined();
  });

  it('does not stand behind what was written over an own claim that nobody could have taken over yet', () => {
    open.wrote('uuid-a', accountRecord({ mode: 'adding', modifiedAt: 1_000 }), { working: true });
    open.release('uuid-a');
    open.seen(NEWER, { by: 'refresh', snapshot: open.beginSnapshot() });
    expect(since(NEWER)).toBeUndefined();
    const late = accountRecord({ mode: 'modify', modifiedAt: 1_000 + LONGEST, entryCSN: 'csn-9' });
    expect(since(late)).toBe(1_000 + LONGEST);
  });

  it('goes on for the uid when its entry is removed, or renamed, and another one is created', () => {
    const anew = accountRecord({ entryUUID: 'uuid-b' });
    open.seen(THEIRS);
    open.left('uid=a,dc=example', 'uuid-a');
    open.seen(anew);
    expect(since(anew)).toBe(5_000);
    expect(since({ ...anew, mode: 'adding' })).toBe(5_000);
    open.seen({ ...THEIRS, uid: 'c', dn: 'uid=c,dc=example' });
    open.seen({ ...THEIRS, uid: 'd', dn: 'uid=d,dc=example' });
    const replacing = accountRecord({ entryUUID: 'uuid-e', uid: 'c', dn: 'uid=c,dc=example' });
    open.seen(replacing);
    expect(since(replacing)).toBe(5_000);
  });

  it('goes on for an entry that is renamed', () => {
    open.seen(THEIRS);
    const renamed = { ...NEWER, uid: 'b', dn: 'uid=b,dc=example' };
    open.seen(renamed);
    expect(since(renamed)).toBe(5_000);
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

  it('has left before it is come to: seen again it is news, and is told as having left then', () => {
    const accounts = missingB();
    expect(open.seen(B)).toMatchObject({ isEcho: false, unchanged: false, missed: { id: 'uuid-b', uid: 'b' } });
    expect(open.seen(B)).toMatchObject({ unchanged: true });
    expect(rest(accounts)).toEqual([]);
    expect(open.size).toBe(2);
  });

  it('leaves once, also where that is told by a change', () => {
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
