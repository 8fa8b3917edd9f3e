import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DirectoryBackoff } from '../../src/ldap/directory-backoff.ts';

let abort: AbortController;
let backoff: DirectoryBackoff;

beforeEach(() => {
  vi.useFakeTimers();
  abort = new AbortController();
  backoff = new DirectoryBackoff({ initial: 100, max: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('waiting for a directory that is away', () => {
  it('takes longer after each failure, up to the longest', () => {
    expect([1, 2, 3, 4, 5, 99].map((failures) => backoff.delay(failures))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('ends when its time is over, and not before', async () => {
    const ended = vi.fn();
    void backoff.wait(500, abort.signal).then(ended);
    await vi.advanceTimersByTimeAsync(499);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledOnce();
  });

  it('ends for all as soon as the directory is back', async () => {
    const all = Promise.all([backoff.wait(60_000, abort.signal), backoff.wait(90_000, abort.signal)]);
    backoff.wake();
    await all;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the reason when the service stops, also when it had stopped before', async () => {
    const waiting = backoff.wait(60_000, abort.signal);
    waiting.catch(() => {});
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(backoff.wait(60_000, abort.signal)).rejects.toThrow('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });
});
