import { asyncScheduler, concatWith, merge, NEVER, of, Subject, tap, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HoldReason } from '../../../src/domain/condition.ts';
import { HeldPlaces } from '../../../streams/held-places.ts';
import type { Arrival } from '../../../streams/operators/group-per-uid.ts';
import { type Due, type Held, type HoldOptions, holdUntilDue } from '../../../streams/operators/hold-until-due.ts';
import { marbles } from '../../support/marbles.ts';

const hold = (item: string, due: Due, id = item): Held<string> => ({ kind: 'hold', key: `key ${id}`, id, item, due });
const put = (item: string, id = item): Arrival<string> => ({ kind: 'put', key: `key ${id}`, id, item });

const HELD: Record<string, Held<string>> = {
  a: hold('a', 'now'),
  n: hold('n', 'never'),
  t: hold('t', { inMilliseconds: 5 }),
  d: hold('d', { day: '20261124' }),
  e: hold('e', { day: '20261124' }),
  D: { kind: 'drop', id: 'd' },
};
const ARRIVED: Record<string, Arrival<string>> = {
  a: put('a'),
  T: put('t, released', 't'),
  D: put('d, released', 'd'),
  E: put('e, released', 'e'),
  x: { kind: 'drop', id: 'd' },
};

function options(changes: Partial<HoldOptions<string>> = {}): HoldOptions<string> {
  return {
    today: () => '20261123',
    released: (item) => `${item}, released`,
    discarded: () => {},
    dayCheckMilliseconds: 10,
    ...changes,
  };
}

describe('the reason for which an item rests', () => {
  const shown: HoldReason = { condition: 'failed', returnValue: 4, reason: 'the last attempt failed with 4' };
  const told: HoldReason = { ...shown, reason: 'the script failed', step: 'script', cause: 'disk full' };
  const reasonAfter = (...arrivals: Array<Held<string>>) => {
    const places = new HeldPlaces<string>();
    const subscription = of(...arrivals)
      .pipe(concatWith(NEVER), holdUntilDue({ ...options(), places }))
      .subscribe();
    subscription.unsubscribe();
    return places.get('a')?.why;
  };
  const entry = (why: HoldReason): Held<string> => ({ ...(hold('a', 'never') as object), why }) as Held<string>;
  const rest = (why: HoldReason): Held<string> => ({ kind: 'rest', key: 'key a', id: 'a', item: 'a', why });

  it('is that of its attempt, whether the entry shows the failure before or after', () => {
    expect(reasonAfter(entry(shown), rest(told))).toEqual(told);
    expect(reasonAfter(rest(told), entry(shown))).toEqual(told);
  });

  it('is that of the entry if it shows something else', () => {
    const other: HoldReason = { ...shown, returnValue: 5 };
    expect(reasonAfter(entry(other), rest(told))).toEqual(other);
    const waits: HoldReason = { condition: 'waiting', reason: 'sstIsActive is TRUE' };
    expect(reasonAfter(entry(waits), rest(told))).toEqual(waits);
  });
});

describe('holdUntilDue', () => {
  it('is silent as long as the source is', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot<Held<string>>('-----');
      const expected = '                -----';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, ARRIVED);
    });
  });

  it('completes with an empty source', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold<Held<string>>('--|');
      const expected = '                 --|';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, ARRIVED);
    });
  });

  it('lets through at once what is due, and what is dropped', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('-a-D-a|', HELD);
      const expected = '   -a-x-a|';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, ARRIVED);
    });
  });

  it('lets through after its time what has to wait, and never what waits for a change', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('-tn-------', HELD);
      const expected = '   ------T---';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, ARRIVED);
    });
  });

  it('lets everything of a day through when the calendar says so, and no sooner', () => {
    marbles(({ cold, expectObservable }) => {
      const today = () => (asyncScheduler.now() < 25 ? '20261123' : '20261124');
      const source = cold('-(de)', HELD);
      const expected = '   31ms (DE)';
      expectObservable(source.pipe(holdUntilDue(options({ today })))).toBe(expected, ARRIVED);
    });
  });

  it('lets a day that was skipped through, as by a clock that was set or a machine that slept', () => {
    marbles(({ cold, expectObservable }) => {
      const today = () => (asyncScheduler.now() < 5 ? '20261123' : '20270301');
      const source = cold('d', HELD);
      const expected = '   10ms D';
      expectObservable(source.pipe(holdUntilDue(options({ today })))).toBe(expected, ARRIVED);
    });
  });

  it('replaces what it holds by a newer item of the same id', () => {
    const discarded = vi.fn();
    marbles(({ cold, expectObservable }) => {
      const source = cold('t-s', { ...HELD, s: hold('s', { inMilliseconds: 9 }, 't') });
      const expected = '   -----------S';
      const arrived = { ...ARRIVED, S: put('s, released', 't') };
      expectObservable(source.pipe(holdUntilDue(options({ discarded })))).toBe(expected, arrived);
    });
    expect(discarded.mock.calls).toEqual([['t', 's']]);
  });

  it('forgets what is dropped, without a word', () => {
    const discarded = vi.fn();
    marbles(({ cold, expectObservable }) => {
      const source = cold('d-D', HELD);
      const expected = '   --x';
      const today = () => (asyncScheduler.now() < 5 ? '20261123' : '20261124');
      expectObservable(source.pipe(holdUntilDue(options({ today, discarded })))).toBe(expected, ARRIVED);
    });
    expect(discarded).not.toHaveBeenCalled();
  });

  it('holds no longer what a newer item says is due now, or never', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('t-n---', { ...HELD, n: hold('n', 'never', 't') });
      const expected = '   ------';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, ARRIVED);
    });
  });

  it('releases what it holds when a quiet item says that it is due now, and lets others pass as they are', () => {
    marbles(({ cold, expectObservable }) => {
      const quiet: Held<string> = { ...hold('t', 'now'), quiet: true } as Held<string>;
      const source = cold('t-q--q', { ...HELD, q: quiet });
      const expected = '   --T--t';
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(expected, { ...ARRIVED, t: put('t') });
    });
  });

  it('holds for longer than a timer can run', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('t', { t: hold('t', { inMilliseconds: 2 ** 31 + 5 }) });
      expectObservable(source.pipe(holdUntilDue(options()))).toBe(`${2 ** 31 + 5}ms T`, ARRIVED);
    });
  });

  it.each([
    ['of one day', 10_000, (): Due => ({ day: '20261124' })],
    ['of one moment', 1_500, (): Due => ({ inMilliseconds: 20 })],
    ['of many moments', 1_500, (index: number): Due => ({ inMilliseconds: 10 + (index % 100) / 10 })],
  ])('lets thousands of items %s go in slices, in order, though all are late', (_, count, due) => {
    const scheduler = new VirtualTimeScheduler();
    const source$ = new Subject<Held<string>>();
    const released: string[] = [];
    const today = () => (scheduler.now() < 5 ? '20261123' : '20261124');
    source$.pipe(holdUntilDue(options({ today, scheduler }))).subscribe(({ id }) => {
      released.push(id);
    });
    const items = Array.from({ length: count }, (_, index) => ({ id: String(index), due: due(index) }));
    for (const { id, due } of items) source$.next(hold(id, due));
    const { actions } = scheduler;
    const slices: number[] = [];
    for (scheduler.frame = 30; actions.length > 0; scheduler.frame += 10) {
      const before = released.length;
      // Timers that these schedule run in a later turn.
      for (const timer of actions.splice(0)) timer.execute(timer.state, timer.delay);
      slices.push(released.length - before);
    }
    const at = ({ due }: (typeof items)[number]) =>
      typeof due === 'object' && 'inMilliseconds' in due ? due.inMilliseconds : 0;
    const inOrder = [...items].sort((one, other) => at(one) - at(other));
    expect(released).toEqual(inOrder.map(({ id }) => id));
    expect(Math.max(...slices)).toBeLessThanOrEqual(500);
    source$.complete();
  });

  it('lets go of no item any more that was replaced or dropped before its slice came', () => {
    const scheduler = new VirtualTimeScheduler();
    const source$ = new Subject<Held<string>>();
    const arrived: string[] = [];
    const discarded = vi.fn();
    const today = () => '20261124';
    source$.pipe(holdUntilDue(options({ today, scheduler, discarded }))).subscribe((arrival) => {
      arrived.push(arrival.kind === 'put' ? arrival.item : `drop ${arrival.id}`);
      if (arrived.length !== 1) return;
      source$.next({ kind: 'drop', id: '998' });
      source$.next(hold('newer', { day: '20261125' }, '999'));
    });
    for (let index = 0; index < 1_000; index += 1) source$.next(hold(String(index), { day: '20261124' }));
    scheduler.maxFrames = 100;
    scheduler.flush();
    expect(arrived).toHaveLength(1 + 1 + 997);
    expect(arrived).toContain('drop 998');
    expect(arrived).not.toContain('998, released');
    expect(arrived).not.toContain('newer, released');
    expect(discarded.mock.calls).toEqual([['999', 'newer']]);
    source$.complete();
  });

  it('looks at the calendar only while something waits for a day', () => {
    const today = vi.fn(() => '20261123');
    marbles(({ cold, expectObservable }) => {
      const source = cold('d 50ms D 100ms |', HELD);
      expectObservable(source.pipe(holdUntilDue(options({ today })))).toBe('51ms x 100ms |', ARRIVED);
    });
    expect(today.mock.calls.length).toBeLessThanOrEqual(7);
  });

  it('takes an item that its own release brings about', () => {
    marbles(({ cold, expectObservable }) => {
      const source$ = new Subject<Held<string>>();
      const result = merge(source$, cold('t', HELD)).pipe(
        holdUntilDue(options()),
        tap((arrival) => {
          if (arrival.id === 't') source$.next(HELD['a']!);
        }),
      );
      // The returning item is passed on during the release that it came from.
      expectObservable(result).toBe('-----(aT)', ARRIVED);
    });
  });

  it('forgets what it holds when the source completes or fails, or nobody listens', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      expectObservable(cold('td-|', HELD).pipe(holdUntilDue(options()))).toBe('---|', ARRIVED);
      expectObservable(cold('td-#', HELD).pipe(holdUntilDue(options()))).toBe('---#', ARRIVED);
      const source = hot('td------', HELD);
      expectObservable(source.pipe(holdUntilDue(options())), '---!').toBe('--------', ARRIVED);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});

describe('holdUntilDue, on timers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('leaves none behind', () => {
    vi.useFakeTimers();
    const source$ = new Subject<Held<string>>();
    const subscription = source$.pipe(holdUntilDue(options())).subscribe();
    source$.next(HELD['t']!);
    source$.next(HELD['d']!);
    expect(vi.getTimerCount()).toBe(2);
    subscription.unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });
});
