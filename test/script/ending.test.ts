import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ending } from '../../src/script/ending.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The number of a process group that does not exist. */
const NOBODY = 2 ** 22 + 1;

function endingOf(timeoutMilliseconds: number): Ending {
  return new Ending({ timeoutMilliseconds, killGraceMilliseconds: 100, signal: new AbortController().signal });
}

describe('the time limit of a script', () => {
  it('counts from its start, however long that was waited for', async () => {
    const ending = endingOf(1000);
    await vi.advanceTimersByTimeAsync(3_600_000);
    ending.started(NOBODY);
    await vi.advanceTimersByTimeAsync(999);
    expect(await ending.finish()).toBeUndefined();
  });

  it('ends it when it is reached', async () => {
    const ending = endingOf(1000);
    ending.started(NOBODY);
    await vi.advanceTimersByTimeAsync(1000);
    const cause = ending.finish();
    await vi.advanceTimersByTimeAsync(100);
    expect(await cause).toBe('timedOut');
  });
});
