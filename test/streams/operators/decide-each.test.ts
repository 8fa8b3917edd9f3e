import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../../src/domain/account.ts';
import type { HoldReason } from '../../../src/domain/condition.ts';
import type { Decision } from '../../../src/domain/decide.ts';
import type { StreamEvent } from '../../../src/domain/event.ts';
import type { Candidate } from '../../../streams/candidate.ts';
import { decideEach } from '../../../streams/operators/decide-each.ts';
import type { AccountChange } from '../../../streams/operators/read-accounts.ts';
import { marbles } from '../../support/marbles.ts';

const RECORD: AccountRecord = {
  dn: 'uid=A,dc=example',
  entryUUID: 'uuid-a',
  uid: 'A',
  mode: 'add',
  state: '0',
  date: undefined,
  active: true,
  returnValue: undefined,
  modifiedAt: Date.UTC(2026, 10, 23),
};
const CANDIDATE: Candidate = { id: 'uuid-a', record: RECORD, fresh: true };
const SEEN: AccountChange = { kind: 'seen', candidate: CANDIDATE, quiet: false };
const NOBODY_WAITS = { lanes: { get: () => undefined } };
const reason = 'because';
const WAITING = { condition: 'waiting', reason } as const;
const FAILED = { condition: 'failed', returnValue: 5, reason } as const;
const RETRYING = { condition: 'retrying', attempt: 2, reason, dueAt: 9, failedAt: 0 } as const;

describe('decideEach', () => {
  it.each<[string, Decision, unknown, string[], HoldReason?]>([
    ['lets a claim through at once', { kind: 'claim', mode: 'add', reason }, 'now', ['queued']],
    ['lets interrupted work through at once', { kind: 'resume', mode: 'add', reason }, 'now', ['queued']],
    [
      'holds what is deferred for its day',
      { kind: 'defer', mode: 'add', until: '20261124', reason },
      { day: '20261124' },
      ['deferred'],
      { condition: 'deferred', until: '20261124' },
    ],
    ['holds what waits for a change', { kind: 'wait', mode: 'add', reason }, 'never', ['waiting'], WAITING],
    [
      'holds what waits for time to pass',
      { kind: 'wait', mode: 'add', reason, recheckInMilliseconds: 7 },
      { inMilliseconds: 7 },
      ['waiting'],
      WAITING,
    ],
    ['leaves what failed', { kind: 'failed', mode: 'add', returnValue: '5', reason }, 'never', ['skipped'], FAILED],
    ['leaves what is settled in silence', { kind: 'noRequest', reason }, 'never', []],
  ])('%s', (_, decision, due, told, why) => {
    const events: StreamEvent[] = [];
    marbles(({ cold, expectObservable }) => {
      const report = (event: StreamEvent) => void events.push(event);
      const dependencies = { decideNow: () => decision, report, accounts: NOBODY_WAITS };
      const result = cold('-s-q-|', { s: SEEN, q: { ...SEEN, quiet: true } }).pipe(decideEach(dependencies as never));
      const held = { kind: 'hold', key: 'a', id: 'uuid-a', item: CANDIDATE, due, why };
      expectObservable(result as never).toBe('-h-q-|', { h: held, q: { ...held, quiet: true } });
    });
    expect(events.map(({ event }) => event)).toEqual(told);
  });

  it('tells of a failed account with what and when it failed', () => {
    const events: StreamEvent[] = [];
    const decision: Decision = { kind: 'failed', mode: 'add', returnValue: '5', reason };
    marbles(({ cold, expectObservable }) => {
      const report = (event: StreamEvent) => void events.push(event);
      const dependencies = { decideNow: () => decision, report, accounts: NOBODY_WAITS };
      expectObservable(cold('s', { s: SEEN }).pipe(decideEach(dependencies as never)), '-!').toBe('h', {
        h: { kind: 'hold', key: 'a', id: 'uuid-a', item: CANDIDATE, due: 'never', why: FAILED },
      } as never);
    });
    expect(events[0]).toMatchObject({ returnValue: 5, failedAt: '2026-11-23T00:00:00.000Z', reason });
  });

  it('leaves what an operator settles to its turn, unless something else is asked for', () => {
    const settled: Candidate = { ...CANDIDATE, settlement: { code: 0 } };
    const changed: AccountChange = { ...SEEN, candidate: { ...CANDIDATE, record: { ...RECORD, mode: 'modify' } } };
    const decision: Decision = { kind: 'claim', mode: 'add', reason };
    const dependencies = { decideNow: () => decision, report: () => {}, accounts: { lanes: { get: () => settled } } };
    marbles(({ cold, expectObservable }) => {
      const due$ = cold('sc|', { s: SEEN, c: changed }).pipe(
        decideEach(dependencies as never),
        map((held) => ('due' in held ? held.due : undefined)),
      );
      expectObservable(due$).toBe('sc|', { s: 'never', c: 'now' });
    });
  });

  it('decides nothing about what comes back by itself, or has left', () => {
    marbles(({ cold, expectObservable }) => {
      const dependencies = {
        decideNow: () => {
          throw new Error('decided');
        },
        report: () => {},
      };
      const again: AccountChange = { kind: 'paused', candidate: CANDIDATE, inMilliseconds: 9, why: RETRYING };
      const left: AccountChange = { kind: 'left', id: 'uuid-a' };
      const rests: AccountChange = { kind: 'rests', candidate: CANDIDATE, why: FAILED };
      expectObservable(
        cold('abc#', { a: again, b: left, c: rests }).pipe(decideEach(dependencies as never)) as never,
      ).toBe('abc#', {
        a: {
          kind: 'hold',
          key: 'a',
          id: 'uuid-a',
          item: CANDIDATE,
          due: { inMilliseconds: 9 },
          why: RETRYING,
          replaces: true,
        },
        c: { kind: 'rest', key: 'a', id: 'uuid-a', item: CANDIDATE, why: FAILED },
        b: { kind: 'drop', id: 'uuid-a' },
      });
    });
  });
});
