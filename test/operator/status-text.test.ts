import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountsView, Condition } from '../../src/domain/condition.ts';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { initialStatus } from '../../src/operator/status-reducer.ts';
import { statusText } from '../../src/operator/status-text.ts';
import { Survey } from '../../src/operator/survey.ts';

const NOW = Date.parse('2026-03-01T02:00:00.000Z');
const LIMIT_MILLISECONDS = 600_000;
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const account = (uid: string, seconds = 0) => ({
  uid,
  dn: `uid=${uid},dc=example`,
  mode: 'adding',
  since: NOW + seconds * 1_000,
});

const deferred = (uid: string, seconds = 0): Condition => ({
  ...account(uid, seconds),
  condition: 'deferred',
  until: '20990101',
});
const failed = (uid: string, seconds: number, cause?: string, returnValue = 6): Condition => ({
  ...account(uid, seconds),
  condition: 'failed',
  returnValue,
  reason: 'the script failed',
  step: 'script',
  modifiedBy: 'cn=admin',
  ...(cause === undefined ? {} : { cause }),
});
const working = (uid: string, seconds: number, begun = seconds): Condition => ({
  ...account(uid, seconds),
  condition: 'inWork',
  doing: 'working',
  begunAt: NOW + begun * 1_000,
  job: 'j',
  attempt: 1,
  resumed: begun !== seconds,
  step: 'script',
  stepSince: NOW + begun * 1_000,
});

function viewOf(conditions: readonly Condition[]): AccountsView {
  const counts = { open: conditions.length, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 };
  for (const { condition } of conditions) counts[condition] += 1;
  return { slots: 8, busy: 3, counts: () => counts, conditions: () => conditions };
}

interface Changes {
  readonly limit?: number;
  readonly uid?: string;
}

function piecesOf(conditions: readonly Condition[], { limit = 100, uid }: Changes = {}, state = initialStatus()) {
  const accounts = viewOf(conditions);
  const found = new Survey({
    ...{ now: NOW, limit: 20_000, uid, limitMilliseconds: LIMIT_MILLISECONDS },
    median: (mode) => state.attempts.median(mode),
  });
  for (const condition of conditions) found.add(condition);
  const context = { now: NOW, limit, startedAt: at(-60), version: '1', outlets: [], pauses: [] };
  return statusText(state, accounts, found, context);
}

function shown(...given: Parameters<typeof piecesOf>): ServiceSnapshot {
  return JSON.parse([...piecesOf(...given)].join(''));
}

const uidsOf = (accounts: ReadonlyArray<{ uid: string }>) => accounts.map(({ uid }) => uid);

describe('the accounts in the status', () => {
  it('are shown as the stream has them, and for how long', () => {
    const status = shown([
      working('w', -480, -4),
      failed('f', -60, 'no room'),
      deferred('d'),
      { ...account('q', -9), mode: 'add', condition: 'queued' },
      { ...account('r', -30), condition: 'retrying', attempt: 3, reason: 'again', dueAt: NOW + 5_000, failedAt: NOW },
      { ...account('n'), since: undefined, condition: 'waiting', reason: 'active' },
    ]);
    expect(status.inWork).toEqual([
      {
        uid: 'w',
        dn: 'uid=w,dc=example',
        mode: 'adding',
        since: at(-480),
        job: 'j',
        doing: 'working',
        attempt: 1,
        resumed: true,
        begunAt: at(-4),
        step: 'script',
        stepSince: at(-4),
        stuck: false,
      },
    ]);
    expect(status.failed).toMatchObject([
      { uid: 'f', returnValue: 6, since: at(-60), cause: 'no room', modifiedBy: 'cn=admin' },
    ]);
    expect(status.retrying).toMatchObject([{ uid: 'r', attempt: 3, since: at(-30), dueAt: at(5) }]);
    expect(status.queued).toEqual([{ uid: 'q', dn: 'uid=q,dc=example', mode: 'add', since: at(-9) }]);
    expect(status.waiting).toEqual([{ uid: 'n', dn: 'uid=n,dc=example', mode: 'adding', reason: 'active' }]);
    expect(status.oldest).toEqual({
      inWork: at(-480),
      failed: at(-60),
      retrying: at(-30),
      queued: at(-9),
      deferred: at(0),
    });
  });

  it('are those that have been in their condition longest, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 60 }), fc.nat(70), (ages, limit) => {
        const times = shown(
          ages.map((age, index) => failed(`u${index}`, age)),
          { limit },
        ).failed.map(({ since }) => since);
        expect(times).toEqual(
          [...ages]
            .sort((one, other) => one - other)
            .slice(0, limit)
            .map(at),
        );
      }),
    );
  });

  it('are one account alone where that is asked for, by its uid as LDAP compares it', () => {
    const status = shown([deferred('Anna'), deferred('b'), failed('anna', 0)], { uid: 'anna' });
    expect([uidsOf(status.deferred), uidsOf(status.failed)]).toEqual([['Anna'], ['anna']]);
    expect(status.counts.open).toBe(3);
  });

  it('are written in pieces, so that other work goes on', () => {
    const all = Array.from({ length: 12_000 }, (_, number) => deferred(`u${number}`));
    const pieces = [...piecesOf(all, { limit: 20_000 })];
    const status: ServiceSnapshot = JSON.parse(pieces.join(''));
    expect(uidsOf(status.deferred)).toEqual(all.map(({ uid }) => uid));
    expect(Math.max(...pieces.map((piece) => piece.split('"uid"').length - 1))).toBeLessThanOrEqual(500);
  });
});

describe('failures in the status', () => {
  it('are grouped by code and last words, whatever numbers and uid these have, the largest group first', () => {
    const { failures } = shown([
      failed('u1', -9, 'u1: no server, tried 3 times'),
      failed('u2', -60, 'quota: timeout'),
      failed('u3', -30, 'u3: no server, tried 12 times'),
      failed('u4', -1, 'u4: no server, tried 12 times', 5),
      failed('u5', -1),
    ]);
    const script = { returnValue: 6, step: 'script' };
    expect(failures).toEqual([
      {
        ...script,
        cause: 'u1: no server, tried 3 times',
        count: 2,
        first: at(-30),
        last: at(-9),
        uids: ['u1', 'u3'],
      },
      { ...script, cause: 'quota: timeout', count: 1, first: at(-60), last: at(-60), uids: ['u2'] },
      { ...script, returnValue: 5, cause: expect.any(String), count: 1, first: at(-1), last: at(-1), uids: ['u4'] },
      { ...script, count: 1, first: at(-1), last: at(-1), uids: ['u5'] },
    ]);
  });

  it('name some uids of each group, and a bounded number of causes', () => {
    const letters = (n: number) => n.toString(2).replaceAll('0', 'o').replaceAll('1', 'i');
    const { failures } = shown(Array.from({ length: 1_000 }, (_, n) => failed(`u${n}`, 0, `cause ${letters(n)}`)));
    expect(failures.length).toBeLessThanOrEqual(101);
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
    expect(failures[0]).toMatchObject({ returnValue: 6, step: 'script', uids: { length: 3 } });
    expect(failures[0]).not.toHaveProperty('cause');
  });
});

describe('an account in work', () => {
  function taking(milliseconds: number) {
    const state = initialStatus();
    for (let n = 0; n < 5; n += 1) {
      const finished = { event: 'finished', state: 's', milliseconds, uid: 'u', dn: 'uid=u', mode: 'added' } as const;
      state.attempts.observe({ time: at(-60), ...finished });
    }
    return state;
  }

  it.each([
    ['its limit', -601, -599, undefined],
    ['ten times the usual', -21, -19, 2_000],
    ['ten seconds, however short the usual is', -11, -9, 20],
    ['its limit, however long the usual is', -601, -599, 3_600_000],
  ])('is stuck when it takes longer than %s', (_, longer, shorter, usual) => {
    const state = usual === undefined ? initialStatus() : taking(usual);
    const status = shown([working('slow', longer), working('fine', shorter)], {}, state);
    expect(status.stuck).toBe(1);
    expect(status.inWork.map(({ uid, stuck }) => [uid, stuck])).toEqual([
      ['slow', true],
      ['fine', false],
    ]);
  });

  it('is not stuck because it was interrupted long ago', () => {
    expect(shown([working('resumed', -86_400, -2)], {}, taking(100)).stuck).toBe(0);
  });
});
