import { concat, defer, EMPTY, NEVER, Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../streams/lanes.ts';
import { type Arrival, groupPerUid } from '../../../streams/operators/group-per-uid.ts';
import type { Slot } from '../../../streams/slots.ts';
import { marbles } from '../../support/marbles.ts';

const put = (key: string, item: string, id = key): Arrival<string> => ({ kind: 'put', key, id, item });
const drop = (key: string, id = key): Arrival<string> => ({ kind: 'drop', id });

/** Lower-case letters put an item of the key a, b or c. Each is a separate entry. */
const ARRIVALS: Record<string, Arrival<string>> = {
  a: put('a', 'a', 'a1'),
  d: put('a', 'd', 'a2'),
  e: put('a', 'e', 'a3'),
  b: put('b', 'b'),
  c: put('c', 'c'),
  A: drop('a', 'a2'),
  B: drop('b'),
};

describe('groupPerUid', () => {
  it('is silent as long as the source is', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot<Arrival<string>>('------');
      const expected = '                    ------';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project: of }))).toBe(expected);
    });
  });

  it('completes with an empty source', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold<Arrival<string>>('--|');
      const expected = '                     --|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project: of }))).toBe(expected);
    });
  });

  it('works on one item, and completes when it is finished though the source completed before', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('-a-|', ARRIVALS);
      const project = () => cold('---r|');
      const expected = '   ----r|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
  });

  it('keeps a second item of a key waiting until the first has settled', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('ad---------|', ARRIVALS);
      const project = (item: string) => cold('--r|', { r: item });
      const expected = '   --a--d-----|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
  });

  it('keeps a second change of a uid waiting though the first takes longer than any idle time', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('a 2m d', ARRIVALS);
      const project = (item: string) => (item === 'a' ? cold('99m r|', { r: item }) : cold('r|', { r: item }));
      const expected = '   99m a d';
      expectObservable(source.pipe(groupPerUid({ slots: 8, project }))).toBe(expected);
    });
  });

  it('works on different keys at once, up to the slots', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('(abc)--------|', ARRIVALS);
      const project = (item: string) => cold('---r|', { r: item });
      const expected = '   ---(ab)c-----|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
  });

  it('loses no key when there are more keys than slots, however long the slots are taken', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('(abc)', ARRIVALS);
      const project = (item: string) => cold('99m r|', { r: item });
      const expected = '   99m a 99m b 99m c';
      expectObservable(source.pipe(groupPerUid({ slots: 1, project }))).toBe(expected);
    });
  });

  it('lets a busy key not keep the others from their turn', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('(adeb)', ARRIVALS);
      const project = (item: string) => cold('--r|', { r: item });
      const expected = '   --a--b--d--e';
      expectObservable(source.pipe(groupPerUid({ slots: 1, project }))).toBe(expected);
    });
  });

  it('works on the newer of two items of one id, at the place of the older', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('(adxe)', { ...ARRIVALS, x: put('a', 'x', 'a2') });
      const project = (item: string) => cold('--r|', { r: item });
      const expected = '   --a--x--e';
      expectObservable(source.pipe(groupPerUid({ slots: 1, project }))).toBe(expected);
    });
  });

  it('works on an item again that is put again while it is worked on', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('a-x', { ...ARRIVALS, x: put('a', 'x', 'a1') });
      const project = (item: string) => cold('---r|', { r: item });
      const expected = '   ---a---x';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
  });

  it('forgets a waiting item that is dropped, and lets one that is worked on finish', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('(adeA)---|', ARRIVALS);
      const project = (item: string) => cold('--r|', { r: item });
      const expected = '   --a--e---|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
    marbles(({ cold, expectObservable }) => {
      const source = cold('bB|', ARRIVALS);
      const project = (item: string) => cold('----r|', { r: item });
      const expected = '   ----b|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
    });
  });

  it('does not work on an item under two keys at once', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('b-x-c', { ...ARRIVALS, x: put('y', 'x', 'b') });
      const project = (item: string) => cold('-----r|', { r: item });
      const expected = '   -----b---c-x';
      expectObservable(source.pipe(groupPerUid({ slots: 3, project }))).toBe(expected);
    });
  });

  it('lets the others of a key have their turn when the item that they waited behind is dropped', () => {
    marbles(({ cold, expectObservable }) => {
      const values = { b: put('b', 'b', '1'), x: put('y', 'x', '1'), z: put('y', 'z', '2'), X: drop('y', '1') };
      const source = cold('(bxz)X', values);
      const project = (item: string) => cold('--------r|', { r: item });
      const expected = '   --------b----z';
      expectObservable(source.pipe(groupPerUid({ slots: 3, project }))).toBe(expected);
    });
  });

  it('moves a waiting item to its newer key', () => {
    marbles(({ cold, expectObservable }) => {
      const values = { b: put('b', 'b', '1'), x: put('b', 'x', '2'), y: put('c', 'y', '2') };
      const source = cold('(bxy)', values);
      const project = (item: string) => cold('--r|', { r: item });
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe('--(by)');
    });
  });

  it('passes on the error of the source, and ends what is worked on', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-#', ARRIVALS);
      const work = cold('  -----r|');
      const expected = '   --#';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project: () => work }))).toBe(expected);
      expectSubscriptions(work.subscriptions).toBe('^-!');
    });
  });

  it('fails with an item whose work fails, and ends the others', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('ab---', ARRIVALS);
      const other = cold(' ------r|');
      const project = (item: string) => (item === 'a' ? cold('---#') : other);
      const expected = '   ---#';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe(expected);
      expectSubscriptions(other.subscriptions).toBe('-^-!');
    });
  });

  it('fails with a project that throws', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('-a', ARRIVALS);
      const project = (): Observable<string> => {
        throw 'error';
      };
      expectObservable(source.pipe(groupPerUid({ slots: 2, project }))).toBe('-#');
    });
  });

  it('ends everything when it is unsubscribed', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a------', ARRIVALS);
      const unsubscribe = ' ----!';
      const work = cold('    -------r|');
      const expected = '    -----';
      const result = source.pipe(groupPerUid({ slots: 2, project: () => work }));
      expectObservable(result, unsubscribe).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe('^---!');
      expectSubscriptions(work.subscriptions).toBe('-^--!');
    });
  });

  it('takes up nothing new after a drain, finishes what it works on, and completes', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('  (ad)b-c---', ARRIVALS);
      const drain = hot('   -----x');
      const lanes = new Lanes<string>();
      const project = (item: string) => cold('-------r|', { r: item });
      const expected = '    -------a---b|';
      expectObservable(source.pipe(groupPerUid({ slots: 2, project, drain$: drain, lanes }))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('completes at once when it is drained before it begins, or while nothing is worked on', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('---a', ARRIVALS);
      const result = source.pipe(groupPerUid({ slots: 2, project: of, drain$: hot('-x') }));
      expectObservable(result).toBe('-|');
    });
    marbles(({ hot, expectObservable }) => {
      const source = hot('---a', ARRIVALS);
      expectObservable(source.pipe(groupPerUid({ slots: 2, project: of, drain$: of(1) }))).toBe('|');
    });
  });

  it('works through a long queue of items that finish synchronously, without a deep stack', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => put('a', String(index), String(index)));
    const gate$ = new Subject<string>();
    const seen: string[] = [];
    const project = (item: string) => (item === '0' ? gate$ : of(item));
    concat(of(...many), NEVER)
      .pipe(groupPerUid({ slots: 1, project }))
      .subscribe((item) => seen.push(item));
    expect(seen).toEqual([]);
    gate$.complete();
    expect(seen).toHaveLength(19_999);
  });

  it('takes an item that its own work puts, after that work has finished', () => {
    const source$ = new Subject<Arrival<string>>();
    const told: string[] = [];
    const project = (item: string) =>
      new Observable<string>((subscriber) => {
        told.push(`begin ${item}`);
        if (item === 'first') source$.next(put('a', 'second'));
        told.push(`end ${item}`);
        subscriber.complete();
      });
    source$.pipe(groupPerUid({ slots: 2, project })).subscribe();
    source$.next(put('a', 'first'));
    expect(told).toEqual(['begin first', 'end first', 'begin second', 'end second']);
  });

  it('shows how many it works on, and how many wait', () => {
    const lanes = new Lanes<string>();
    const source$ = new Subject<Arrival<string>>();
    const work$ = new Subject<string>();
    const project = (item: string) => (item === 'b' ? EMPTY : work$);
    const subscription = source$.pipe(groupPerUid({ slots: 1, project, lanes })).subscribe();
    for (const name of ['a', 'd', 'e', 'A', 'b']) source$.next(ARRIVALS[name]!);
    expect([lanes.works, lanes.waits]).toEqual([1, 2]);
    work$.complete();
    expect([lanes.works, lanes.waits]).toEqual([0, 0]);
    subscription.unsubscribe();
  });
});

describe('a slot that is lent', () => {
  /** Works on each item with `work`. `ran` gets the beginning and the end of its work. */
  function stage(slots: number, work: (item: string, slot: Slot) => Promise<void>) {
    const source$ = new Subject<Arrival<string>>();
    const drain$ = new Subject<void>();
    const ran: string[] = [];
    const lanes = new Lanes<string>();
    let completed = false;
    const project = (item: string, slot: Slot) =>
      defer(async () => {
        ran.push(`+${item}`);
        await work(item, slot);
        ran.push(`-${item}`);
      });
    source$.pipe(groupPerUid({ slots, project, lanes, drain$ })).subscribe({
      complete: () => {
        completed = true;
      },
    });
    return { source$, drain$, ran, lanes, isCompleted: () => completed };
  }

  const later = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('lets other keys go on, but not the own one, and is had again before the work goes on', async () => {
    let comeBack = () => {};
    let finishOther = () => {};
    const { source$, ran, lanes } = stage(1, (item, slot) => {
      if (item === 'a') return slot.lend(() => new Promise((resolve) => (comeBack = resolve)));
      if (item === 'b') return new Promise((resolve) => (finishOther = resolve));
      return Promise.resolve();
    });
    for (const name of ['a', 'd', 'b']) source$.next(ARRIVALS[name]!);
    await later();
    expect(ran).toEqual(['+a', '+b']);
    expect([lanes.works, lanes.waits]).toEqual([2, 1]);
    comeBack();
    await later();
    expect(ran).toEqual(['+a', '+b']);
    finishOther();
    await later();
    expect(ran).toEqual(['+a', '+b', '-b', '-a', '+d', '-d']);
    expect([lanes.works, lanes.waits]).toEqual([0, 0]);
  });

  it('is had again also where the waiting fails, and holds the completion up', async () => {
    let fail = (_: Error) => {};
    const { source$, drain$, ran, isCompleted } = stage(1, async (_, slot) => {
      const waiting = () => new Promise<void>((_resolve, reject) => (fail = reject));
      await slot.lend(waiting).catch(() => {});
    });
    source$.next(ARRIVALS['a']!);
    drain$.next();
    await later();
    expect(isCompleted()).toBe(false);
    fail(new Error('told to stop'));
    await later();
    expect(ran).toEqual(['+a', '-a']);
    expect(isCompleted()).toBe(true);
  });

  it('is had again by all, however many have lent it', async () => {
    const waiting: Array<() => void> = [];
    const { source$, ran, lanes } = stage(1, (_, slot) =>
      slot.lend(() => new Promise((resolve) => waiting.push(resolve))),
    );
    for (let index = 0; index < 2_000; index += 1) source$.next(put(`key-${index}`, `item-${index}`));
    await later();
    expect([lanes.works, lanes.waits]).toEqual([2_000, 0]);
    for (const resolve of waiting) resolve();
    await later();
    expect([lanes.works, lanes.waits]).toEqual([0, 0]);
    expect(ran).toHaveLength(2 * 2_000);
  });

  it('takes another number of slots: more at once, or fewer when work has ended', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source = cold(' abc|', ARRIVALS);
      const resized$ = hot('---2-1', { 1: 1, 2: 2 });
      const expected = '   ------a--b-----(c|)';
      const project = (item: string) => cold('------(r|)', { r: item });
      expectObservable(source.pipe(groupPerUid({ slots: 1, resized$, project }))).toBe(expected);
    });
  });

  it('holds what the gate holds, passes the rest, and goes on when the gate opens', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source = cold('  abc-|', ARRIVALS);
      const opened$ = hot('  -----o');
      const expected = '     -bc--(a|)';
      let closed = true;
      opened$.subscribe(() => {
        closed = false;
      });
      const gate = { holds: (item: string) => closed && item === 'a', opened$ };
      const project = (item: string) => cold('(r|)', { r: item });
      expectObservable(source.pipe(groupPerUid({ slots: 1, gate, project }))).toBe(expected);
    });
  });

  it('lets a newer item, or the next one of its key, begin where the gate held the one before it', () => {
    marbles(({ cold, expectObservable }) => {
      // `a` is replaced by `x`; `b` is dropped, so that `y` is the first one of its key.
      const items = { a: put('a', 'a'), x: put('a', 'x'), b: put('b', 'b'), y: put('b', 'y', 'b2'), B: drop('b') };
      const source = cold<Arrival<string>>('abxyB|', items);
      const expected = '                           --x-y|';
      const gate = { holds: (item: string) => item === 'a' || item === 'b', opened$: NEVER };
      const project = (item: string) => cold('(r|)', { r: item });
      expectObservable(source.pipe(groupPerUid({ slots: 2, gate, project }))).toBe(expected);
    });
  });

  it('completes at once when it is drained, though the gate still holds something', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source = cold<Arrival<string>>('a---', ARRIVALS);
      const drain$ = hot('                  --d');
      const expected = '                    --|';
      const gate = { holds: () => true, opened$: NEVER };
      expectObservable(source.pipe(groupPerUid({ slots: 2, gate, drain$, project: of }))).toBe(expected);
    });
  });
});
