import { describe, expect, it } from 'vitest';
import { element, octetString } from '../../../../src/ldap/wire/ber.ts';
import { Operation } from '../../../../src/ldap/wire/message.ts';
import { NotOffered } from '../../../../streams/protocols/protocol.ts';
import {
  encodeSyncInfo,
  encodeSyncState,
  SYNC_INFO,
  SYNC_REQUEST,
  SYNC_STATE,
  type SyncInfo,
  type SyncStateName,
} from '../../../../streams/protocols/syncrepl/codec.ts';
import { watchBySyncrepl } from '../../../../streams/protocols/syncrepl/syncrepl.ts';
import { Changes } from '../../../support/changes.ts';
import { ScriptedChannel } from '../../../support/channel.ts';

const CONTENT = { base: 'dc=x', filter: '(uid=*)', attributes: ['uid'] };
const UUID = Buffer.from('015ce1167b5210419d8773227f209dd8', 'hex');
const REFRESH_END: SyncInfo = { kind: 'refreshDelete', refreshDone: true };

function watching() {
  const channel = new ScriptedChannel();
  const times = [1000, 1250.4];
  const changes = new Changes(watchBySyncrepl(channel, CONTENT, () => times.shift() ?? 0));
  const entry = (dn: string, state: SyncStateName) => {
    const value = encodeSyncState({ state, entryUUID: UUID });
    channel.entry(0, dn, { type: SYNC_STATE, criticality: false, value });
  };
  const info = (given: SyncInfo) => {
    const value = octetString(encodeSyncInfo(given), 0x81);
    channel.answer(0, element(Operation.intermediateResponse, octetString(SYNC_INFO, 0x80), value));
  };
  return { channel, changes, entry, info };
}

describe('watching by content synchronization', () => {
  it('asks nothing before it is subscribed to, and then for refreshAndPersist by a critical control', () => {
    const channel = new ScriptedChannel();
    const watch$ = watchBySyncrepl(channel, CONTENT, () => 0);
    expect(channel.requests).toEqual([]);
    new Changes(watch$);
    expect(channel.requests[0]?.controls).toEqual([
      { type: SYNC_REQUEST, criticality: true, value: Buffer.from('30030a0103', 'hex') },
    ]);
  });

  it('says nothing while the server says nothing', () => {
    const { channel, changes } = watching();
    expect(changes.all).toEqual([]);
    expect(channel.refreshUnderWay).toBe(true);
  });

  it('ends an empty refresh', () => {
    const { channel, changes, info } = watching();
    info(REFRESH_END);
    expect(changes.all).toEqual([{ kind: 'refreshing' }, { kind: 'refreshed', entries: 0, milliseconds: 250 }]);
    expect(channel.refreshUnderWay).toBe(false);
  });

  it('tells what the refresh sends apart from what changes afterwards', () => {
    const { changes, entry, info } = watching();
    entry('uid=1', 'add');
    entry('uid=2', 'modify');
    entry('uid=3', 'present');
    info({ kind: 'newCookie', cookie: Buffer.from('c') });
    info({ kind: 'refreshPresent', refreshDone: false });
    info(REFRESH_END);
    entry('uid=4', 'add');
    entry('uid=4', 'modify');
    entry('uid=4', 'delete');
    expect(changes.short).toEqual([
      'refreshing',
      'refresh uid=1',
      'refresh uid=2',
      'refreshed 2',
      'add uid=4',
      'modify uid=4',
      'left uid=4',
    ]);
    expect(changes.all.at(-1)).toMatchObject({ entryUUID: '015ce116-7b52-1041-9d87-73227f209dd8' });
  });

  it('says which entries left by their UUIDs, and nothing of those that are said to be present', () => {
    const { changes, info } = watching();
    info({ kind: 'syncIdSet', refreshDeletes: false, syncUUIDs: [UUID] });
    info({ kind: 'syncIdSet', refreshDeletes: true, syncUUIDs: [UUID, UUID] });
    const left = { kind: 'left', dn: '', entryUUID: '015ce116-7b52-1041-9d87-73227f209dd8' };
    expect(changes.all).toEqual([{ kind: 'refreshing' }, left, left]);
  });

  it('passes over references and intermediate responses of another kind', () => {
    const { channel, changes } = watching();
    channel.answer(0, element(Operation.intermediateResponse, octetString('1.2.3', 0x80), octetString('x', 0x81)));
    channel.answer(0, element(Operation.intermediateResponse));
    channel.answer(0, element(Operation.searchResultReference, octetString('ldap://x/')));
    expect([changes.all, changes.error]).toEqual([[], undefined]);
  });

  it.each([12, 53, 2, 1])('takes result %i before anything else for a refusal of the protocol', (code) => {
    const { channel, changes } = watching();
    channel.done(0, code, 'not here');
    expect(changes.error).toBeInstanceOf(NotOffered);
    expect(changes.error).toMatchObject({ resultCode: code, message: expect.stringContaining('not here') });
  });

  it('takes a server that ignores the control for one without the protocol', () => {
    const entries = watching();
    entries.channel.entry(0, 'uid=1');
    expect(entries.changes.error).toBeInstanceOf(NotOffered);
    const empty = watching();
    empty.channel.done(0, 0);
    expect(empty.changes.error).toBeInstanceOf(NotOffered);
    expect(empty.changes.all).toEqual([]);
  });

  it.each([4, 32, 50, 53, 118, 4096, 0])('ends with a remedy when the server ends the search with %i', (code) => {
    const { channel, changes, entry } = watching();
    entry('uid=1', 'add');
    channel.done(0, code, 'because');
    expect(changes.error).not.toBeInstanceOf(NotOffered);
    expect(changes.error).toMatchObject({ resultCode: code, remedy: expect.any(String) });
    expect(changes.short).toEqual(['refreshing', 'refresh uid=1']);
  });

  it('ends when an entry comes without its state after others had one', () => {
    const { channel, changes, entry } = watching();
    entry('uid=1', 'add');
    channel.entry(0, 'uid=2');
    expect(changes.error?.message).toContain('malformed');
  });

  it('ends when the connection does', () => {
    const { channel, changes } = watching();
    channel.fail('gone');
    expect(changes.error?.message).toBe('gone');
  });

  it('forgets its search when unsubscribed, and does not end', () => {
    const { channel, changes, info } = watching();
    changes.stop();
    info(REFRESH_END);
    expect(channel.forgotten).toEqual([1]);
    expect(channel.refreshUnderWay).toBe(false);
    expect([changes.all, changes.error]).toEqual([[], undefined]);
  });
});
