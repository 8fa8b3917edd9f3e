import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { eachMode } from '../../src/domain/mode.ts';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { countAccounts, initialStatus, isReady, reduceStatus } from '../../src/operator/status-reducer.ts';
import { statusText } from '../../src/operator/status-text.ts';

const START = Date.parse('2026-03-01T02:00:00.000Z');
const STEPS = eachMode((mode) => (mode === 'add' ? ['userCheck', 'script', 'quota'] : ['script']));

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
const piecesOf = (state: ReturnType<typeof having>, seconds: number, limit: number) =>
  statusText(state, { now: START + seconds * 1000, startedAt: at(0), version: '1', steps: STEPS, limit });
const shown = (state: ReturnType<typeof having>, seconds = 60, limit = 100): ServiceSnapshot =>
  JSON.parse([...piecesOf(state, seconds, limit)].join(''));

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

describe('the accounts in the status', () => {
  it('follows one account from the queue through its steps and forgets it when it is finished', () => {
    const queued = having({ event: 'queued', ...of('u1') });
    expect(countAccounts(queued)).toMatchObject({ open: 1, queued: 1 });

    const begun = having({ event: 'queued', ...of('u1') }, { event: 'claimed', ...of('u1', 'adding', 'j1') });
    expect(shown(begun).inWork).toEqual([
      { ...of('u1', 'adding', 'j1'), since: at(1), resumed: false, step: 'userCheck' },
    ]);

    const further = having(
      { event: 'claimed', ...of('u1', 'adding', 'j1') },
      { event: 'step', name: 'userCheck', milliseconds: 3, ...of('u1', 'adding', 'j1') },
    );
    expect(shown(further).inWork[0]).toMatchObject({ step: 'script', lastStep: 'userCheck', lastStepAt: at(1) });

    const done = having(
      { event: 'claimed', ...of('u1', 'adding', 'j1') },
      { event: 'finished', state: '20260301T020000Z', milliseconds: 9, ...of('u1', 'added', 'j1') },
    );
    expect(countAccounts(done)).toMatchObject({ open: 0, inWork: 0 });
  });

  it('counts an account at work with a newer request behind it once, and keeps the request when the work ends', () => {
    const both: StreamEvent[] = [
      { event: 'claimed', ...of('u1', 'adding', 'j1') },
      { event: 'queued', ...of('U1', 'modify') },
    ];
    expect(countAccounts(having(...both))).toMatchObject({ open: 1, inWork: 1, queued: 1 });
    const ended = having(...both, { event: 'superseded', reason: 'a newer request', ...of('u1', 'adding', 'j1') });
    expect(countAccounts(ended)).toMatchObject({ open: 1, inWork: 0, queued: 1 });
  });

  it('shows a failed account until somebody asks again', () => {
    const failed: StreamEvent = {
      event: 'failed',
      returnValue: 6,
      reason: 'setquota said no',
      step: 'quota',
      ...of('u1', 'adding'),
    };
    expect(shown(having(failed)).failed).toEqual([
      {
        uid: 'u1',
        dn: dnOf('u1'),
        mode: 'adding',
        since: at(0),
        returnValue: 6,
        step: 'quota',
        reason: 'setquota said no',
      },
    ]);
    // Its own echo, and a later list that shows it, change nothing.
    const echo: StreamEvent = { event: 'skipped', reason: 'failed', returnValue: 6, ...of('u1', 'adding') };
    expect(shown(having(failed, echo)).failed).toEqual(shown(having(failed)).failed);
    expect(countAccounts(having(failed, { event: 'queued', ...of('u1') }))).toMatchObject({ failed: 0, queued: 1 });
    expect(
      countAccounts(having(failed, { event: 'left', dn: dnOf('\\55\\31').toUpperCase().replace('UID', 'USERID') })),
    ).toMatchObject({ open: 0 });
  });

  it('learns at start which accounts failed before, with their code and age', () => {
    const found: StreamEvent = {
      event: 'skipped',
      reason: 'failed',
      returnValue: 5,
      failedAt: at(-3600),
      ...of('u1', 'adding'),
    };
    expect(shown(having(found)).failed).toMatchObject([{ uid: 'u1', returnValue: 5, since: at(-3600) }]);
  });

  it('keeps since when an account is put off, however often it is said again', () => {
    const deferred: StreamEvent = { event: 'deferred', until: '20260401', ...of('u1') };
    const waiting: StreamEvent = { event: 'waiting', reason: 'active', ...of('u2', 'delete') };
    const state = having(deferred, waiting, deferred, waiting);
    expect(shown(state).deferred).toMatchObject([{ uid: 'u1', until: '20260401', since: at(0) }]);
    expect(shown(state).waiting).toMatchObject([{ uid: 'u2', reason: 'active', since: at(1) }]);
  });

  it('keeps an account at work although its entry left: our own write-back makes it leave', () => {
    const state = having({ event: 'claimed', ...of('u1', 'adding', 'j1') }, { event: 'left', dn: dnOf('u1') });
    expect(countAccounts(state)).toMatchObject({ open: 1, inWork: 1 });
  });

  it('says when the next attempt of an account is due', () => {
    const retrying: StreamEvent = {
      event: 'retrying',
      attempt: 2,
      inMilliseconds: 5000,
      reason: 'code 75',
      ...of('u1', 'adding'),
    };
    expect(shown(having(retrying)).retrying).toMatchObject([{ uid: 'u1', attempt: 2, dueAt: at(5) }]);
  });
});

describe('the lists in the status', () => {
  const deferred = (number: number): StreamEvent => ({ event: 'deferred', until: '20990101', ...of(`u${number}`) });
  const uidsOf = (accounts: ReadonlyArray<{ uid: string }>) => accounts.map(({ uid }) => uid);

  it('are cut to the accounts that have been in a condition longest, however often that is said again', () => {
    const events = [deferred(1), deferred(2), deferred(3), deferred(1), deferred(4)];
    const state = having(...events, { event: 'left', ...of('u2') }, deferred(2));
    expect(uidsOf(shown(state, 60, 3).deferred)).toEqual(['u1', 'u3', 'u4']);
    expect(shown(state, 60, 3).counts.deferred).toBe(4);
    expect(shown(state, 60, 0).deferred).toEqual([]);
  });

  it('begin with those that failed first, in whatever order that was told, and whatever the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 60 }), fc.nat(70), (ages, limit) => {
        const events = ages.map((age, index): StreamEvent => {
          const failed = { returnValue: 5, reason: 'r', ...of(`u${index}`, 'adding') };
          return { event: 'skipped', failedAt: at(age), ...failed };
        });
        const times = shown(having(...events), 60, limit).failed.map(({ since }) => since);
        expect(times).toEqual(
          [...ages]
            .sort((one, other) => one - other)
            .slice(0, limit)
            .map(at),
        );
      }),
    );
  });

  it('say since when the account waits that has been queued longest', () => {
    const queued = (uid: string): StreamEvent => ({ event: 'queued', ...of(uid) });
    const claimed: StreamEvent = { event: 'claimed', ...of('u1', 'adding', 'j') };
    expect(shown(having(queued('u1'), queued('u2'), queued('u1'))).queuedSince).toBe(at(0));
    expect(shown(having(queued('u1'), queued('u2'), queued('u1'), claimed)).queuedSince).toBe(at(1));
    expect(shown(having(queued('u1'), claimed)).queuedSince).toBeUndefined();
  });

  it('are written in pieces, and tell how things stood when they were asked for', () => {
    const state = having(...Array.from({ length: 3_000 }, (_, number) => deferred(number)));
    const pieces: string[] = [];
    for (const piece of piecesOf(state, 60, 10_000)) {
      pieces.push(piece);
      for (const number of [0, 1_500, 2_999])
        reduceStatus(state, { time: at(4_000), event: 'left', ...of(`u${number}`) });
    }
    const status: ServiceSnapshot = JSON.parse(pieces.join(''));
    expect(uidsOf(status.deferred)).toEqual(Array.from({ length: 3_000 }, (_, number) => `u${number}`));
    const accounts = pieces.map((piece) => piece.split('"uid"').length - 1);
    expect(Math.max(...accounts)).toBeLessThanOrEqual(500);
  });
});

describe('the rates in the status', () => {
  it('count what ended within the last minutes, and forget what is older', () => {
    const finished = (seconds: number) =>
      ({ event: 'finished', state: 's', milliseconds: 1, seconds, ...of(`u${seconds}`, 'added') }) as const;
    const state = having(finished(0), finished(200), finished(590), finished(595));
    const rates = (seconds: number) => shown(state, seconds).rates.map(({ minutes, finished }) => [minutes, finished]);
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
});

describe('the reducer, whatever comes', () => {
  const uid = fc.constantFrom('a', 'b', 'c', 'A');
  const event: fc.Arbitrary<StreamEvent> = uid.chain((name) =>
    fc.constantFrom<StreamEvent>(
      { event: 'received', change: 'add', ...of(name) },
      { event: 'skipped', reason: 'r', ...of(name) },
      { event: 'skipped', reason: 'r', returnValue: 3, ...of(name, 'adding') },
      { event: 'skipped', reason: 'no uid', dn: dnOf(name) },
      { event: 'deferred', until: '20990101', ...of(name) },
      { event: 'waiting', reason: 'r', ...of(name) },
      { event: 'queued', ...of(name) },
      { event: 'claimed', ...of(name, 'adding', 'j') },
      { event: 'resumed', ...of(name, 'adding', 'j') },
      { event: 'step', name: 'script', milliseconds: 1, ...of(name) },
      { event: 'output', stream: 'stdout', line: 'x', ...of(name) },
      { event: 'failed', returnValue: 1, reason: 'r', step: '', ...of(name) },
      { event: 'retrying', attempt: 1, inMilliseconds: 1, reason: 'r', ...of(name) },
      { event: 'finished', state: 's', milliseconds: 1, ...of(name) },
      { event: 'superseded', reason: 'r', ...of(name) },
      { event: 'conflict', reason: 'r', ...of(name) },
      { event: 'left', dn: dnOf(name) },
      CONNECTED,
      REFRESHED,
      { event: 'stopped', exitCode: 0 },
    ),
  );

  it('holds each account at most once, and agrees with its own lists', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const state = having(...events);
        const { counts, inWork, failed, retrying, deferred, waiting } = shown(state);
        expect(counts.open).toBeLessThanOrEqual(3);
        expect(state.accounts.uidByDn.size).toBe(state.accounts.byUid.size);
        expect(counts).toMatchObject({
          inWork: inWork.length,
          failed: failed.length,
          retrying: retrying.length,
          deferred: deferred.length,
          waiting: waiting.length,
        });
      }),
    );
  });

  it('forgets every account whose work ended and whose entry left', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const ends = ['a', 'b', 'c'].flatMap((name): StreamEvent[] => [
          { event: 'finished', state: 's', milliseconds: 1, ...of(name) },
          { event: 'left', ...of(name) },
        ]);
        const state = having(...events, ...ends);
        expect(state.accounts.byUid.size).toBe(0);
        expect(state.accounts.uidByDn.size).toBe(0);
      }),
    );
  });
});
