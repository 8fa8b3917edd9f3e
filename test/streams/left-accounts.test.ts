import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { comparableDn } from '../../src/domain/dn.ts';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import { LeftAccounts } from '../../streams/accounts/left-accounts.ts';
import { NAMES } from '../support/accounts.ts';

const account = (uid: string) => ({ id: `uuid-${uid}`, uid, dn: `uid=${uid},dc=example` });

function entryWith(attributes: Record<string, string>, dn = 'uid=a,dc=example'): DirectoryEntry {
  return entryOf(dn, { uid: 'a', sstProvisioningMode: 'add', sstProvisioningState: '0', ...attributes });
}

/** Accounts that left a directory which answers when the test says so. */
function leaving() {
  const events: StreamEvent[] = [];
  const asked: Array<{ uuid: string | undefined; answer: (found: DirectoryEntry | undefined | Error) => void }> = [];
  let now = 0;
  const left = new LeftAccounts({
    locate: (_, uuid) =>
      new Promise((resolve, reject) => {
        asked.push({ uuid, answer: (found) => (found instanceof Error ? reject(found) : resolve(found)) });
      }),
    readEntry: (entry) => readAccount(entry, NAMES, null),
    report: (event) => void events.push(event),
    monotonic: () => now,
  });
  const answer = async (found: DirectoryEntry | undefined | Error): Promise<void> => {
    asked.at(-1)?.answer(found);
    await new Promise(setImmediate);
  };
  return { left, events, asked, answer, pass: (milliseconds: number) => (now += milliseconds) };
}

const words = (events: readonly StreamEvent[]) =>
  events.map((event) => (event.event === 'left' ? `${event.uid} ${event.why}` : event.event));

describe('an account that left', () => {
  it.each([
    [
      'by somebody who finished it',
      entryWith({ sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z', modifiersName: 'cn=x' }),
      { why: 'finished', mode: 'added', modifiedBy: 'cn=x' },
    ],
    ['by a new name', entryWith({}, 'uid=a,ou=old'), { why: 'moved', movedTo: 'uid=a,ou=old' }],
    ['by the mode of another program', entryWith({ sstProvisioningMode: 'snapshot' }), { why: 'moved' }],
    ['by an attribute that the filter asks for', entryWith({}), { why: 'moved' }],
    ['by an entry that cannot be worked on', entryWith({ sstProvisioningState: 'soon' }), { why: 'unknown' }],
    ['by its deletion', undefined, { why: 'deleted' }],
    ['while the directory cannot be asked', new DirectoryError('no answer'), { why: 'unknown' }],
  ])('is reported with the reason: %s', async (_, found, expected) => {
    const { left, events, asked, answer } = leaving();
    left.left(account('a'));
    expect(events).toEqual([]);
    await answer(found);
    expect(asked.map(({ uuid }) => uuid)).toEqual(['uuid-a']);
    expect(events).toEqual([{ event: 'left', dn: 'uid=a,dc=example', uid: 'a', ...expected }]);
  });

  it('is not called deleted where only its DN is known, as it may have another one', async () => {
    const { left, events, asked, answer } = leaving();
    const { dn, uid } = account('a');
    left.left({ id: comparableDn(dn), dn, uid });
    await answer(undefined);
    expect(asked[0]?.uuid).toBeUndefined();
    expect(words(events)).toEqual(['a unknown']);
  });

  it('is reported before it is in sight again, and once', async () => {
    const { left, events, answer } = leaving();
    left.left(account('a'));
    left.seen('uuid-a');
    expect(words(events)).toEqual(['a unknown']);
    await answer(undefined);
    expect(words(events)).toEqual(['a unknown']);
  });

  it('is reported when the service ends', async () => {
    const { left, events, answer } = leaving();
    left.left(account('a'));
    left.left(account('b'));
    left.close();
    expect(words(events)).toEqual(['a unknown', 'b unknown']);
    await answer(undefined);
    expect(events).toHaveLength(2);
  });

  it('is read after the others, one at a time, and not at all among a mass of others', async () => {
    const { left, events, asked, answer, pass } = leaving();
    for (let n = 0; n < 10_000; n += 1) left.left(account(String(n)));
    expect(asked).toHaveLength(1);
    expect(events).toHaveLength(10_000 - 60);
    for (let n = 0; n < 60; n += 1) await answer(undefined);
    expect(asked).toHaveLength(60);
    expect(events).toHaveLength(10_000);
    pass(2_500);
    for (const uid of ['x', 'y', 'z']) left.left(account(uid));
    await answer(undefined);
    await answer(undefined);
    expect(words(events.slice(10_000))).toEqual(['z unknown', 'x deleted', 'y deleted']);
  });
});
