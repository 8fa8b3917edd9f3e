import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/domain/event.ts';
import { NOTIFY_EVENTS, type NotifyEvent } from '../../src/domain/notify.ts';
import { Notices } from '../../src/notify/notices.ts';
import { TroubleWatch } from '../../src/notify/trouble-watch.ts';

const HOUR = 3_600_000;
const TIME = Date.parse('2026-11-28T02:00:00Z');

/** What is told of events that come one second after the other, and of what they leave behind. */
function told(events: readonly StreamEvent[], on: readonly NotifyEvent[] = NOTIFY_EVENTS) {
  const notices = new Notices({ quiet: 300_000, remind: undefined, mostPerHour: 100 });
  const watch = new TroubleWatch(notices, on);
  let now = TIME;
  const reports: string[] = [];
  const until = (time: number) => {
    for (let due = notices.dueAt(); due <= time; due = notices.dueAt()) {
      now = Math.max(now, due);
      for (const { state, trouble, count } of notices.take(now)?.reports ?? [])
        reports.push(`${state} ${count} ${trouble.title}`);
    }
    now = time;
  };
  for (const event of events) {
    watch.observe({ time: new Date(now).toISOString(), ...event });
    until(now + 1_000);
  }
  until(now + HOUR);
  return reports;
}

const account = (uid: string) => ({ uid, dn: `uid=${uid},dc=example`, mode: 'adding', job: 'j' });
const failed = (uid: string, cause?: string, returnValue = 6): StreamEvent => ({
  event: 'failed',
  returnValue,
  reason: 'the script ended with exit code 6; its output says why',
  step: 'script',
  ...(cause === undefined ? {} : { cause }),
  ...account(uid),
});
const finished = (uid: string): StreamEvent => ({ event: 'finished', state: '', milliseconds: 1, ...account(uid) });
const skipped = (uid: string, more: object): StreamEvent => ({
  event: 'skipped',
  reason: 'why',
  ...account(uid),
  ...more,
});
const retrying = (uid: string, more: object = {}): StreamEvent => ({
  event: 'retrying',
  attempt: 2,
  inMilliseconds: 1,
  reason: 'the directory refuses the outcome, which is kept: no access',
  ...account(uid),
  ...more,
});
const disconnected: StreamEvent = { event: 'disconnected', url: 'ldap://one', reason: 'refused' };
const refreshed: StreamEvent = { event: 'refreshed', entries: 0, milliseconds: 1 };

describe('what people are notified of', () => {
  it('is a pause, until it is over', () => {
    const paused: StreamEvent = { event: 'paused', by: 'brake', holds: 'deletes', reason: '21 deletes in 10 min' };
    const over: StreamEvent = { event: 'resumedWork', by: 'brake', milliseconds: 1, who: 'alice (1000)' };
    const title = 'paused by the brake, so no delete begins';
    expect(told([paused])).toEqual([`new 1 ${title}`]);
    expect(told([paused, over])).toEqual([`new 1 ${title}`, `resolved 0 ${title}`]);
    expect(told([paused], ['failed'])).toEqual([]);
  });

  it('is failures by their cause, whichever account they name, until the accounts are finished', () => {
    expect(
      told([failed('u1', 'no quota for u1'), failed('u22', 'no quota for u22'), finished('u1'), finished('u22')]),
    ).toEqual([
      'new 1 script 6 CANNOT_SET_QUOTA: no quota for u1',
      'resolved 0 script 6 CANNOT_SET_QUOTA: no quota for u22',
    ]);
  });

  it('is failures by their reason where a script has said nothing', () => {
    expect(told([failed('u1', undefined, 1)])).toEqual([
      'new 1 script 1 UNDEFINED_ERROR: the script ended with exit code 6; its output says why',
    ]);
  });

  it('is a full disk once, whatever fails by it', () => {
    const events = [failed('u1', 'mkdir: No space left on device'), failed('u2', 'tar: x: No space left on device', 5)];
    expect(told(events)).toEqual(['new 1 the disk is full', 'more 2 the disk is full']);
  });

  it('is no failure that was there before, and no attempt that is repeated', () => {
    expect(told([skipped('u1', { returnValue: 6, failedAt: '2026-11-27T00:00:00Z' }), retrying('u2')])).toEqual([]);
  });

  it('is a write that the directory refuses, until it takes one, and none that it cannot take now', () => {
    expect(told([retrying('u1', { resultCode: 50 }), retrying('u2', { resultCode: 51 }), finished('u1')])).toEqual([
      'new 1 the directory refuses writes with result code 50',
      'resolved 0 the directory refuses writes with result code 50',
    ]);
    expect(told([skipped('u1', { resultCode: 50 }), { event: 'claimed', ...account('u1') }])).toHaveLength(2);
  });

  it('is a directory that stays away, and not one at the end of the service', () => {
    expect(told([disconnected, disconnected])).toEqual(['new 1 ldap://one cannot be reached']);
    expect(told([disconnected, refreshed])).toEqual([]);
    expect(told([{ event: 'draining', inWork: 0, queued: 0, graceMilliseconds: 1 }, disconnected])).toEqual([]);
  });

  it('is a conflict that an operator has to end, and no other one', () => {
    const conflict: StreamEvent = { event: 'conflict', reason: 'another service', ...account('u1') };
    expect(told([conflict])).toEqual([]);
    expect(told([{ ...conflict, remedy: 'stop it' }])).toEqual(['new 1 another service']);
  });

  it('is an account no more that has left, is dated or cannot be worked on', () => {
    const ends: readonly StreamEvent[] = [
      { event: 'left', why: 'unknown', dn: 'uid=u1,dc=example', uid: 'U1' },
      { event: 'deferred', until: '20990101', ...account('u1') },
      { event: 'waiting', reason: 'until it is inactive', ...account('u1') },
      skipped('u1', {}),
    ];
    for (const end of ends) expect(told([failed('u1', 'x'), end])).toHaveLength(2);
  });

  it('is only what the site has chosen', () => {
    expect(told([failed('u1', 'x'), disconnected], ['disconnected'])).toEqual(['new 1 ldap://one cannot be reached']);
    expect(told([failed('u1', 'x'), disconnected], ['failed'])).toHaveLength(1);
  });
});
