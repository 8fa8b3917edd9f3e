import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceLifecycle } from '../../src/service/lifecycle.ts';

const GRACE = 1_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the lifecycle of the service', () => {
  it('takes up nothing new while it drains, and ends what runs when the grace is over', () => {
    const lifecycle = new ServiceLifecycle();
    lifecycle.drain(GRACE);
    expect([lifecycle.draining.aborted, drainsOf(lifecycle)]).toEqual([true, 1]);
    vi.advanceTimersByTime(GRACE - 1);
    expect(lifecycle.stopped.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(lifecycle.stopped.reason).toMatchObject({ message: 'the grace is over' });
  });

  it('drains, too, by being stopped at once, for the reason that was given first', () => {
    const lifecycle = new ServiceLifecycle();
    lifecycle.stop(0, 'first');
    lifecycle.stop(0, 'second');
    expect(lifecycle.stopped.reason).toBe('first');
    expect([lifecycle.draining.aborted, drainsOf(lifecycle)]).toEqual([true, 1]);
  });

  it('ends with the first exit code that tells of a fault', () => {
    const lifecycle = new ServiceLifecycle();
    expect(lifecycle.exitCode).toBe(0);
    for (const code of [0, 9, 0, 4]) lifecycle.stop(code, 'told to');
    expect(lifecycle.exitCode).toBe(9);
  });
});

/** The number of drain notifications that a late subscriber gets. */
function drainsOf(lifecycle: ServiceLifecycle): number {
  let count = 0;
  lifecycle.drain$.subscribe(() => (count += 1)).unsubscribe();
  return count;
}
