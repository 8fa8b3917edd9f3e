import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../src/replay/virtual-time.ts';

const START = Date.parse('2026-03-01T02:00:00Z');

function set(): { time: VirtualTime; fired: string[]; paced: number[] } {
  const paced: number[] = [];
  const fired: string[] = [];
  const time = new VirtualTime(START, (milliseconds) => {
    paced.push(milliseconds);
    return Promise.resolve();
  });
  return { time, fired, paced };
}

describe('the time of a replay', () => {
  it('keeps a due timer until it is wanted, and fires those of its key before it first', async () => {
    const { time, fired } = set();
    const schedule = (name: string, milliseconds: number, key?: string) =>
      time.scheduler.schedule(() => fired.push(name), milliseconds, key);
    schedule('second', 200, 'a');
    schedule('first', 100, 'a');
    schedule('of nobody', 150);
    schedule('not due', 900, 'a');
    await time.goTo(START + 500);
    expect(fired).toEqual([]);
    await time.fireUntil(() => fired.includes('second'), 'a');
    expect(fired).toEqual(['first', 'of nobody', 'second']);
    await time.fireUntil(() => false, 'a');
    expect(fired).toEqual(['first', 'of nobody', 'second']);
    expect(time.now()).toBe(START + 500);
  });

  it('keeps those of other keys, and what is not wanted any more, even where all are due at one moment', async () => {
    const { time, fired } = set();
    for (const key of ['b', 'a', 'a', 'b']) time.scheduler.schedule(() => fired.push(key), 100, key);
    await time.goTo(START + 500);
    await time.fireUntil(() => fired.length > 0, 'a');
    expect(fired).toEqual(['a']);
  });

  it('fires a timer that nobody asks for a little later, and what that begins after it', async () => {
    const { time, fired } = set();
    time.scheduler.schedule(() => {
      fired.push('one');
      void Promise.resolve().then(() => time.scheduler.schedule(() => fired.push('begun by it'), 100));
    }, 100);
    time.scheduler.schedule(() => fired.push('two'), 200);
    await time.goTo(START + 60_000);
    expect(fired).toEqual(['one', 'two', 'begun by it']);
    expect(time.now()).toBe(START + 60_000);
  });

  it('takes in real time what is asked for, all in all', async () => {
    const { time, paced } = set();
    time.scheduler.schedule(() => {}, 100);
    await time.goTo(START + 300);
    await time.goTo(START + 10_000);
    await time.goTo(START + 9_000);
    expect(paced.reduce((sum, milliseconds) => sum + milliseconds, 0)).toBe(10_000);
  });
});
