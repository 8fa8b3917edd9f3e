import { describe, expect, it } from 'vitest';
import { placeOf, SPANS, ticksOf, windowOf } from '../../src/page/model/axis.ts';
import { densityOf } from '../../src/page/model/density.ts';
import { barsOf, marblesOf } from '../../src/page/model/marbles.ts';
import { PageModel } from '../../src/page/model/page-model.ts';
import { at, EVENTS, inWork, iso, START, snapshotAt } from './facts.ts';

const { received, queued, claimed, finished, failed, retrying } = EVENTS;

/** Ten pixels a second, up to a minute after the beginning. */
const WINDOW = { from: START, to: START + 60_000, width: 600 };

function account(...events: ReturnType<typeof at>[]) {
  const model = new PageModel();
  for (const event of events) model.takeEvent(event);
  const found = model.account('a');
  if (found === undefined) throw new Error('the events are of no account a');
  return found;
}
const marbles = (...events: ReturnType<typeof at>[]) =>
  marblesOf(account(...events), WINDOW).map(({ x, kind, count }) => `${Math.round(x)} ${kind} ${count}`);
const bars = (now: number, ...events: ReturnType<typeof at>[]) =>
  barsOf(account(...events), WINDOW, START + now * 1_000).map(
    ({ kind, x, width, isOpen }) => `${kind} ${Math.round(x)}+${Math.round(width)}${isOpen ? ' open' : ''}`,
  );

describe('a marble', () => {
  it('stands at the time of its event', () => {
    expect(marbles(at(10, received('a')), at(20, finished('a')), at(30, failed('a')))).toEqual([
      '100 asked 1',
      '200 finished 1',
      '300 failed 1',
    ]);
  });

  it('is one with those closer than its width, shows the gravest and how many of it there are', () => {
    expect(marbles(at(10, received('a')), at(10.1, claimed('a')), at(10.4, finished('a')))).toEqual(['104 finished 1']);
    expect(marbles(at(10, failed('a')), at(10.5, failed('a')), at(11, finished('a')))).toEqual(['110 failed 2']);
  });

  it('begins again after its width, however many follow each other closely', () => {
    const many = Array.from({ length: 40 }, (_, index) => at(10 + index / 2, finished('a')));
    const shown = marblesOf(account(...many), WINDOW);
    expect(shown.length).toBeGreaterThan(8);
    expect(shown.reduce((sum, { count }) => sum + count, 0)).toBe(40);
  });

  it('is not there outside the window', () => {
    expect(marbles(at(-30, finished('a')), at(300, finished('a')))).toEqual([]);
  });
});

describe('a bar', () => {
  it('is the time in the queue, and the attempt', () => {
    expect(bars(30, at(10, queued('a')), at(12, claimed('a')), at(20, finished('a')))).toEqual([
      'queue 100+20',
      'work 120+80',
    ]);
  });

  it('goes on to now while the attempt runs, and as a pause to the next one', () => {
    expect(bars(30, at(10, claimed('a')))).toEqual(['work 100+200 open']);
    expect(bars(30, at(10, claimed('a')), at(15, retrying('a')))).toEqual(['work 100+50', 'pause 150+150 open']);
  });

  it('is never so short that it is not seen', () => {
    expect(bars(30, at(10, claimed('a')), at(10.001, finished('a')))).toEqual(['work 100+3']);
  });

  it('begins where the snapshot says if the events do not reach back so far', () => {
    const model = new PageModel();
    model.takeSnapshot(snapshotAt(20, { inWork: [inWork('a', 5)] }));
    const [found] = model.accounts.values();
    expect(found && barsOf(found, WINDOW, START + 20_000)).toMatchObject([
      { kind: 'work', x: 50, width: 150, isOpen: true },
    ]);
  });

  it('ends when the snapshot no longer has the account', () => {
    const model = new PageModel();
    model.takeEvent(at(10, claimed('a')));
    model.takeSnapshot(snapshotAt(20));
    const found = model.account('a');
    expect(found && barsOf(found, WINDOW, START + 50_000)).toMatchObject([{ x: 100, width: 100, isOpen: false }]);
  });

  it('stays open under a newer request that is queued', () => {
    expect(bars(30, at(10, claimed('a')), at(12, queued('a')))).toEqual(['work 100+200 open']);
  });
});

describe('the time axis', () => {
  it('follows the time with a margin, or ends where it is held', () => {
    const live = windowOf(60_000, START, 600, undefined);
    expect(live.to - live.from).toBe(60_000);
    expect(placeOf(live, START)).toBeCloseTo(582);
    expect(windowOf(60_000, START + 99_000, 600, START)).toEqual({ from: START - 60_000, to: START, width: 600 });
  });

  it.each(SPANS)('has ticks at whole local times, with room for their words: %d ms', (span) => {
    const offset = 2 * 3_600_000 + 1_800_000;
    const ticks = ticksOf(windowOf(span, START, 400, START), offset);
    expect(ticks.length).toBeGreaterThan(1);
    for (const [index, { time, x }] of ticks.entries()) {
      expect((time + offset) % 1_000).toBe(0);
      if (index > 0) expect(x - (ticks[index - 1]?.x ?? 0)).toBeGreaterThan(80);
    }
  });
});

describe('the lane of all accounts', () => {
  it('counts what was finished and what failed in each part of the window', () => {
    const events = [
      at(-5, finished('z')),
      at(1, finished('a')),
      at(1.1, finished('b')),
      at(1.2, failed('c')),
      at(59, retrying('d')),
    ];
    const columns = densityOf(events, WINDOW);
    expect(columns).toHaveLength(100);
    expect(columns.flatMap((column, index) => (column.finished + column.failed > 0 ? [[index, column]] : []))).toEqual([
      [1, { finished: 2, failed: 0 }],
      [2, { finished: 0, failed: 1 }],
      [98, { finished: 0, failed: 1 }],
    ]);
    expect(iso(0)).toBe(new Date(START).toISOString());
  });
});
