import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { backoff, longestPause, type RetryPolicy, retryDelay } from '../../src/domain/retry.ts';
import { failed, SUCCEEDED } from '../support/stage.ts';

const POLICY: RetryPolicy = {
  temporary: { attempts: 3, initial: 5, max: 8 },
  script: { attempts: 1, initial: 1, max: 1 },
};

const FIRST = { attempt: 1, lost: 0 };

describe('repeating a failed attempt', () => {
  it('comes after longer and longer pauses, as often as the policy says', () => {
    expect([1, 2, 3, 4].map((attempt) => retryDelay(failed(75), { attempt, lost: 0 }, POLICY))).toEqual([
      5,
      8,
      undefined,
      undefined,
    ]);
  });

  it('is not for success, a permanent failure, an ordinary one, or a service that stops', () => {
    const others: HandlerOutcome[] = [
      SUCCEEDED,
      failed(1),
      { ...failed(75), retry: 'permanent' } as HandlerOutcome,
      { ...failed(75), aborted: true } as HandlerOutcome,
    ];
    for (const outcome of others) expect(retryDelay(outcome, FIRST, POLICY)).toBeUndefined();
    expect(retryDelay(failed(1), FIRST, { ...POLICY, script: { attempts: 2, initial: 9, max: 9 } })).toBe(9);
  });

  it('is soon for a lost one, whatever the policy says, and bounded by a number of its own', () => {
    const outcome = { ...failed(1), retry: 'lost' } as HandlerOutcome;
    const delays = [0, 1, 2].map((lost) => retryDelay(outcome, { attempt: 7 + lost, lost }, POLICY));
    expect(delays).toEqual([expect.any(Number), expect.any(Number), undefined]);
    expect(Math.max(...delays.filter((delay) => delay !== undefined))).toBeLessThanOrEqual(1000);
  });

  it('has no end where the host is short of something, and the longest pause is known', () => {
    const outcome = { ...failed(1), retry: 'shortage' } as HandlerOutcome;
    expect([1, 2, 100].map((attempt) => retryDelay(outcome, { attempt, lost: 0 }, POLICY))).toEqual([5, 8, 8]);
    expect(longestPause({ ...POLICY, temporary: { attempts: 1, initial: 5, max: 8 } })).toBe(8);
    expect(longestPause({ ...POLICY, script: { attempts: 2, initial: 5, max: 9 } })).toBe(9);
    expect(longestPause({ ...POLICY, script: { attempts: 1, initial: 5, max: 9 } })).toBe(8);
  });

  it('never waits longer than the longest delay, nor shorter than before, however often it failed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 60_000 }), (failures, initial) => {
        const delay = backoff(failures, { initial, max: 600_000 });
        expect(delay).toBeLessThanOrEqual(600_000);
        expect(delay).toBeLessThanOrEqual(backoff(failures + 1, { initial, max: 600_000 }));
        expect(delay).toBeGreaterThanOrEqual(initial);
      }),
    );
  });
});
