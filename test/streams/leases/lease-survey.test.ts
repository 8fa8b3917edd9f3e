import { describe, expect, it } from 'vitest';
import { heldLease, MISSING, pausedLease } from '../../../src/domain/lease.ts';
import type { Presence } from '../../../src/domain/presence.ts';
import { deadlineOf } from '../../../streams/leases/hold-lease.ts';
import type { LeaseState } from '../../../streams/leases/lease-state.ts';
import { type LeaseSurveyContext, surveyLeases } from '../../../streams/leases/lease-survey.ts';
import { NO_PRESENCES, seePresences } from '../../../streams/leases/presences.ts';

const NOW = 100_000;
const KILL_GRACE = 1_000;
const words = (holder: string) => ({ holder, job: 'j', turn: 't', duration: 60_000 });
const purpose = { job: 'j', inWork: false, since: 0 };

function held(sentAt: number): LeaseState {
  const lease = heldLease(words('me/1/b'));
  const deadline = deadlineOf({ lease, sentAt }, { killGrace: KILL_GRACE } as never);
  return { at: 'held', purpose, before: MISSING, lease, next: undefined, doing: 'resting', deadline };
}
const paused: LeaseState = { at: 'paused', lease: pausedLease(words('me/1/b'), 2) };
const waiting = (holder: string, since: number): LeaseState => ({
  at: 'waiting',
  purpose,
  seen: { lease: heldLease(words(holder)), since, doubtful: false },
  notBefore: 0,
  doing: 'resting',
});
const presence = (holder: string, turn = '1'): Presence => ({
  holder,
  text: `present ${holder} ${turn} 10000`,
  duration: 10_000,
  serverId: undefined,
});

function survey(
  leases: Record<string, LeaseState>,
  changes: Partial<LeaseSurveyContext> = {},
  limit = 10,
  uid?: string,
) {
  const context = { now: NOW, holder: 'me/1/b', killGrace: KILL_GRACE, presences: undefined, ...changes };
  return surveyLeases(Object.entries(leases), context, { limit, uid });
}

describe('the survey of leases', () => {
  it('counts from the sending of the last renewal that the directory has confirmed', () => {
    const found = survey({ a: held(NOW - 3_000), b: held(NOW - 7_000), c: paused });
    expect(found).toMatchObject({ held: 2, paused: 1, oldestRenewalMilliseconds: 7_000, others: [] });
    expect(found.own.map(({ uid }) => uid)).toEqual(['b', 'a', 'c']);
  });

  it('says no age of a renewal where nothing is held', () => {
    expect(survey({ c: paused })).not.toHaveProperty('oldestRenewalMilliseconds');
  });

  it('tells the leases of others since they were first seen unchanged, and not an own one that was seen', () => {
    const found = survey({
      a: waiting('you/1/b', NOW - 500),
      b: waiting('me/1/b', 0),
      c: waiting('you/1/b', NOW - 900),
    });
    expect(found.others).toMatchObject([
      { uid: 'c', holder: 'you/1/b', unchangedMilliseconds: 900 },
      { uid: 'a', holder: 'you/1/b', unchangedMilliseconds: 500 },
    ]);
    expect(found.services).toEqual([{ holder: 'you/1/b', state: 'absent', waitedFor: 2 }]);
  });

  it('lists at most as many as asked for, or those of one uid, and counts all', () => {
    const leases = { a: held(0), b: held(0), c: waiting('you/1/b', 0), d: waiting('you/1/b', 0) };
    const few = survey(leases, {}, 1);
    expect([few.own.length, few.others.length, few.held, few.services[0]?.waitedFor]).toEqual([1, 1, 2, 2]);
    const one = survey(leases, {}, 10, 'd');
    expect([one.own, one.others.map(({ uid }) => uid)]).toEqual([[], ['d']]);
  });

  it('tells which services are there, by the own clock alone', () => {
    const both = [presence('you/1/b'), presence('they/1/b'), presence('me/1/b')];
    const before = seePresences(NO_PRESENCES, both, NOW - 11_000);
    const presences = seePresences(before, [presence('you/1/b'), presence('they/1/b', '2'), presence('me/1/b')], NOW);
    expect(survey({}, { presences }).services).toEqual([
      { holder: 'they/1/b', state: 'present', unchangedMilliseconds: 0, waitedFor: 0 },
      { holder: 'you/1/b', state: 'silent', unchangedMilliseconds: 11_000, waitedFor: 0 },
    ]);
  });
});
