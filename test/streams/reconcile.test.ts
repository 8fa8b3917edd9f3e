import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryOf } from '../../src/domain/entry.ts';
import { type ReconcileOptions, reconcile } from '../../streams/reconcile.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The results of the lists in short form, until `stop`. */
function lists(list: ReconcileOptions['list']): { words: string[]; stop: () => void } {
  const words: string[] = [];
  const subscription = reconcile({
    interval: 1_000,
    list,
    failed: (error) => words.push(String(error)),
  }).subscribe((change) => {
    words.push(change.kind);
  });
  return { words, stop: () => subscription.unsubscribe() };
}

const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describe('the periodic list', () => {
  it('is left out while another one runs', async () => {
    let begun = 0;
    const list = async () => {
      begun += 1;
      await later(1_500);
    };
    const subscription = reconcile({ interval: 1_000, list, failed: () => {} }).subscribe();
    await vi.advanceTimersByTimeAsync(2_100);
    expect(begun).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toBe(2);
    await vi.advanceTimersByTimeAsync(1_500);
    subscription.unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('comes at its interval, each entry between its beginning and its end', async () => {
    const { words, stop } = lists(async (entry) => {
      entry(entryOf('uid=a', {}));
      await later(20);
      entry(entryOf('uid=b', {}));
    });
    await vi.advanceTimersByTimeAsync(2_100);
    const one = ['listing', 'entry', 'entry', 'listed'];
    expect(words).toEqual([...one, ...one]);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not begin another one while one is under way', async () => {
    const { words, stop } = lists(() => later(2_500));
    await vi.advanceTimersByTimeAsync(4_200);
    expect(words).toEqual(['listing', 'listed', 'listing']);
    stop();
  });

  it('has no end when it failed, and is tried again', async () => {
    let count = 0;
    const { words, stop } = lists(async (entry) => {
      count += 1;
      entry(entryOf('uid=a', {}));
      if (count === 1) throw new Error('size limit exceeded');
    });
    await vi.advanceTimersByTimeAsync(2_100);
    expect(words).toEqual(['listing', 'entry', 'Error: size limit exceeded', 'listing', 'entry', 'listed']);
    stop();
  });

  it('says nothing more when nobody listens', async () => {
    const { words, stop } = lists(async () => {
      await later(500);
      throw new Error('too late');
    });
    await vi.advanceTimersByTimeAsync(1_100);
    stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(words).toEqual(['listing']);
  });
});
