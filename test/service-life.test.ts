import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceLife } from '../src/service-life.ts';

const GRACE = 1_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the life of the service', () => {
  it('takes up nothing new while it drains, and ends what runs when the grace is over', () => {
    const life = new ServiceLife();
    life.drain(GRACE);
    expect([life.draining.aborted, drainsOf(life)]).toEqual([true, 1]);
    vi.advanceTimersByTime(GRACE - 1);
    expect(life.stopped.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(life.stopped.reason).toMatchObject({ message: 'the grace is over' });
  });

  it('drains, too, by being stopped at once, for the reason that was given first', () => {
    const life = new ServiceLife();
    life.stop(0, 'first');
    life.stop(0, 'second');
    expect(life.stopped.reason).toBe('first');
    expect([life.draining.aborted, drainsOf(life)]).toEqual([true, 1]);
  });

  it('ends with the first exit code that tells of a fault', () => {
    const life = new ServiceLife();
    expect(life.exitCode).toBe(0);
    for (const code of [0, 9, 0, 4]) life.stop(code, 'told to');
    expect(life.exitCode).toBe(9);
  });
});

/** The number of drain notifications that a late subscriber gets. */
function drainsOf(life: ServiceLife): number {
  let count = 0;
  life.drain$.subscribe(() => (count += 1)).unsubscribe();
  return count;
}
