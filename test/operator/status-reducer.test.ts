import { describe, expect, it } from 'vitest';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { initialStatus, isReady, reduceStatus } from '../../src/operator/status-reducer.ts';

const START = Date.parse('2026-03-01T02:00:00.000Z');

const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const dnOf = (uid: string) => `uid=${uid},ou=accounts,dc=example,dc=org`;
const of = (uid: string, mode = 'add', job?: string) => ({
  uid,
  dn: dnOf(uid),
  mode,
  ...(job === undefined ? {} : { job }),
});

function having(...events: ReadonlyArray<StreamEvent & { seconds?: number }>) {
  const state = initialStatus();
  events.forEach(({ seconds, ...event }, index) => {
    reduceStatus(state, { time: at(seconds ?? index), ...event } as PublishedEvent);
  });
  return state;
}

const CONNECTED: StreamEvent = { event: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP' };
const REFRESHED: StreamEvent = { event: 'refreshed', entries: 3, milliseconds: 12 };

describe('the connection in the status', () => {
  it('is ready only between a complete refresh and the loss of the connection', () => {
    expect(isReady(having())).toBe(false);
    expect(isReady(having(CONNECTED, { event: 'refreshing' }))).toBe(false);
    expect(isReady(having(CONNECTED, { event: 'refreshing' }, REFRESHED))).toBe(true);
    const lost = having(CONNECTED, REFRESHED, {
      event: 'disconnected',
      url: 'ldap://a',
      reason: 'reset',
      remedy: 'wait',
    });
    expect(isReady(lost)).toBe(false);
    expect(lost.connection).toMatchObject({ phase: 'reconnecting', since: at(2), reason: 'reset', remedy: 'wait' });
  });

  it('forgets the reason of a disconnection once connected again, and keeps when the list was last complete', () => {
    const state = having(
      CONNECTED,
      REFRESHED,
      { event: 'disconnected', url: 'ldap://a', reason: 'reset' },
      { event: 'reconnecting', url: 'ldap://b', attempt: 2, inMilliseconds: 100 },
      { ...CONNECTED, url: 'ldap://b' },
    );
    expect(state.connection).toEqual({
      phase: 'refreshing',
      since: at(4),
      url: 'ldap://b',
      protocol: 'syncrepl',
      server: 'OpenLDAP',
      refreshedAt: at(1),
      refreshedEntries: 3,
      refreshMilliseconds: 12,
    });
  });

  it('stays draining whatever the connection does while the service is about to stop', () => {
    const draining: StreamEvent = { event: 'draining', inWork: 1, queued: 0, graceMilliseconds: 30_000 };
    const state = having(CONNECTED, REFRESHED, draining, CONNECTED, REFRESHED);
    expect(state.connection).toMatchObject({ phase: 'draining', since: at(2) });
    expect(isReady(state)).toBe(false);
  });
});

describe('the rates in the status', () => {
  it('count what ended within the last minutes, and forget what is older', () => {
    const finished = (seconds: number) =>
      ({ event: 'finished', state: 's', milliseconds: 1, seconds, ...of(`u${seconds}`, 'added') }) as const;
    const state = having(finished(0), finished(200), finished(590), finished(595));
    const rates = (seconds: number) =>
      state.rates.rates(START + seconds * 1000).map(({ minutes, finished }) => [minutes, finished]);
    expect(rates(600)).toEqual([
      [1, 2],
      [5, 2],
      [15, 4],
    ]);
    expect(rates(3600)).toEqual([
      [1, 0],
      [5, 0],
      [15, 0],
    ]);
  });

  it('count requests, and not what failed or was interrupted before the start', () => {
    const received = (mode: string): StreamEvent => ({ event: 'received', change: 'refresh', ...of('u', mode) });
    const state = having(received('add'), received('adding'), received('deleting'), received('modify'));
    expect(state.rates.rates(START + 5_000)[0]).toMatchObject({ minutes: 1, received: 2 });
  });
});

describe('the times of attempts', () => {
  const finished = (mode: string, milliseconds: number): StreamEvent => ({
    event: 'finished',
    state: 's',
    milliseconds,
    ...of('u', mode),
  });

  it('are one of the measured ones, for each mode', () => {
    const state = having(...[5, 1, 3, 2, 4].map((n) => finished('added', n * 100)), finished('deleted', 7));
    expect(state.attempts.times()).toEqual([
      { mode: 'add', attempts: 5, p50: 300, p95: 500 },
      { mode: 'delete', attempts: 1, p50: 7, p95: 7 },
    ]);
    expect(state.attempts.median('add')).toBe(300);
    expect(state.attempts.median('delete')).toBeUndefined();
  });

  it('are not those of the canary, which has no script', () => {
    const state = initialStatus('UID=u, dc=example');
    for (const uid of ['u', 'v']) {
      const ended = { ...finished('added', 100), uid, dn: `uid=${uid},dc=example` } as StreamEvent;
      reduceStatus(state, { time: at(0), ...ended });
    }
    expect(state.attempts.times()).toMatchObject([{ attempts: 1 }]);
  });

  it('are those of the last attempts only', () => {
    const state = having(...Array.from({ length: 1_000 }, (_, n) => finished('added', n)));
    expect(state.attempts.times()).toMatchObject([{ attempts: 200, p50: 899 }]);
  });
});
