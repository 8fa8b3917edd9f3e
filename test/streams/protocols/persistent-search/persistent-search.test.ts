import { describe, expect, it } from 'vitest';
import {
  ENTRY_CHANGE_NOTIFICATION,
  type EntryChangeNotification,
  encodeEntryChangeNotification,
  PERSISTENT_SEARCH,
} from '../../../../streams/protocols/persistent-search/codec.ts';
import { watchByPersistentSearch } from '../../../../streams/protocols/persistent-search/persistent-search.ts';
import { NotOffered } from '../../../../streams/protocols/protocol.ts';
import { Changes } from '../../../support/changes.ts';
import { ScriptedChannel } from '../../../support/channel.ts';

const CONTENT = { base: 'dc=x', filter: '(uid=*)', attributes: ['uid'] };
/** The requests, in order. */
const [WATCH, QUESTION, LIST] = [0, 1, 2];

function watching() {
  const channel = new ScriptedChannel();
  const times = [1000, 1250.4];
  const changes = new Changes(watchByPersistentSearch(channel, CONTENT, () => times.shift() ?? 0));
  const changed = (dn: string, notification: EntryChangeNotification) => {
    const value = encodeEntryChangeNotification(notification);
    channel.entry(WATCH, dn, { type: ENTRY_CHANGE_NOTIFICATION, criticality: false, value });
  };
  return { channel, changes, changed };
}

describe('watching by persistent search', () => {
  it('asks for content and changes by a critical control, and lists by another search once that was not refused', () => {
    const { channel, changes } = watching();
    expect(channel.requests).toEqual([
      {
        base: 'dc=x',
        controls: [{ type: PERSISTENT_SEARCH, criticality: true, value: Buffer.from('300902010f0101000101ff', 'hex') }],
      },
      { base: '', controls: [] },
    ]);
    expect(changes.all).toEqual([]);
    channel.done(QUESTION, 0);
    expect(channel.requests[LIST]).toEqual({ base: 'dc=x', controls: [] });
    expect(changes.all).toEqual([{ kind: 'refreshing' }]);
    expect(channel.refreshUnderWay).toBe(true);
  });

  it('ends the refresh with the list, and counts what that listed', () => {
    const { channel, changes } = watching();
    channel.entry(WATCH, 'uid=1');
    channel.done(QUESTION, 0);
    channel.entry(LIST, 'uid=1');
    channel.entry(LIST, 'uid=2');
    channel.done(LIST, 0);
    channel.entry(WATCH, 'uid=2');
    expect(changes.short).toEqual([
      'refreshing',
      'refresh uid=1',
      'refresh uid=1',
      'refresh uid=2',
      'refreshed 2',
      'refresh uid=2',
    ]);
    expect(changes.all[4]).toEqual({ kind: 'refreshed', entries: 2, milliseconds: 250 });
    expect(channel.requests).toHaveLength(3);
    expect(channel.refreshUnderWay).toBe(false);
  });

  it('tells each kind of change, also while the list is under way', () => {
    const { channel, changes, changed } = watching();
    channel.done(QUESTION, 0);
    changed('uid=1', { changeType: 'add' });
    changed('uid=1', { changeType: 'modify' });
    channel.done(LIST, 0);
    changed('uid=2', { changeType: 'modDN', previousDN: 'uid=1' });
    changed('uid=2', { changeType: 'delete' });
    expect(changes.short.slice(1)).toEqual(['add uid=1', 'modify uid=1', 'refreshed 0', 'rename uid=2', 'left uid=2']);
  });

  it('takes a refusal of the control for a server without the protocol, before and after the list', () => {
    const before = watching();
    before.channel.done(WATCH, 12, 'no such control');
    expect(before.changes.error).toBeInstanceOf(NotOffered);
    expect(before.changes.error?.message).toContain('no such control');
    const after = watching();
    after.channel.done(QUESTION, 0);
    after.channel.done(WATCH, 12);
    expect(after.changes.error).toBeInstanceOf(NotOffered);
  });

  it('takes an end with success for a base that is not there', () => {
    const { channel, changes } = watching();
    channel.done(WATCH, 0);
    expect(changes.error).toMatchObject({ resultCode: 0, remedy: expect.stringContaining('directory.base') });
  });

  it.each([4, 32, 50, 53])('ends with a remedy when either search ends with %i', (code) => {
    for (const request of [WATCH, LIST]) {
      const { channel, changes } = watching();
      channel.done(QUESTION, 0);
      channel.done(request, code);
      expect(changes.error).toMatchObject({ resultCode: code, remedy: expect.any(String) });
    }
  });

  it('ends when the connection does', () => {
    const { channel, changes } = watching();
    channel.fail('gone');
    expect(changes.error?.message).toBe('gone');
  });

  it('forgets its searches when unsubscribed, and asks for nothing more', () => {
    const { channel, changes } = watching();
    changes.stop();
    channel.done(QUESTION, 0);
    expect(channel.forgotten).toEqual([1, 2]);
    expect(channel.requests).toHaveLength(2);
    expect([changes.all, changes.error]).toEqual([[], undefined]);
  });
});
