import { describe, expect, it } from 'vitest';
import { windowOf } from '../../src/page/model/axis.ts';
import { failureKey } from '../../src/page/model/failure-key.ts';
import { NO_FILTER } from '../../src/page/model/filter.ts';
import {
  chooseLanes,
  type LaneOptions,
  MOST_LANES,
  rowsInView,
  rowsOf,
  type Section,
} from '../../src/page/model/lanes.ts';
import { PageModel } from '../../src/page/model/page-model.ts';
import { at, EVENTS, START, snapshotAt } from './facts.ts';

const { received, queued, claimed, finished, failed, waiting } = EVENTS;

function choose(
  model: PageModel,
  seconds: number,
  before: readonly Section[] = [],
  options: Partial<LaneOptions> = {},
) {
  const now = START + seconds * 1_000;
  const window = windowOf(60_000, now, 600, undefined);
  return chooseLanes(model.accounts.values(), before, {
    ...{ filter: NO_FILTER, window, now, all: false, snapshot: model.snapshot },
    ...options,
  });
}
const uidsOf = (sections: readonly Section[]) => sections.map(({ name, uids }) => `${name}: ${uids.join(' ')}`);

describe('the lanes', () => {
  it('are those in work, those that need a look, the queue, and what is done in this time', () => {
    const model = new PageModel();
    model.takeEvent(at(0, finished('old')));
    for (const [index, event] of [failed('f2'), failed('f1'), waiting('w'), queued('q'), finished('d1')].entries()) {
      model.takeEvent(at(100 + index, event));
    }
    model.takeEvent(at(106, finished('d2')));
    model.takeEvent(at(107, claimed('r')));
    expect(uidsOf(choose(model, 120))).toEqual(['work: r', 'attention: f2 f1 w', 'queue: q', 'done: d2 d1']);
  });

  it('keep the place of each account in work, and give those of ended ones to the next', () => {
    const model = new PageModel();
    for (const uid of ['a', 'b', 'c']) model.takeEvent(at(1, claimed(uid)));
    let sections = choose(model, 2);
    expect(uidsOf(sections)).toEqual(['work: a b c']);
    model.takeEvent(at(3, finished('b')));
    sections = choose(model, 3, sections);
    expect(uidsOf(sections)).toEqual(['work: a b c']);
    model.takeEvent(at(4, claimed('d')));
    sections = choose(model, 4, sections);
    expect(uidsOf(sections)).toEqual(['work: a d c', 'done: b']);
    model.takeEvent(at(5, finished('a')));
    expect(choose(model, 6, sections)[0]?.total).toBe(2);
    expect(uidsOf(choose(model, 6, sections))).toEqual(['work: a d c', 'done: b']);
    expect(uidsOf(choose(model, 20, sections))).toEqual(['work: d c', 'done: a b']);
  });

  it('add new failures below the others', () => {
    const model = new PageModel();
    for (const [index, uid] of ['c', 'a', 'b'].entries()) model.takeEvent(at(index, failed(uid)));
    expect(uidsOf(choose(model, 5))).toEqual(['attention: c a b']);
  });

  it('are at most so many, unless all are asked for, and say of how many', () => {
    const model = new PageModel();
    for (let index = 0; index < 5_000; index += 1) model.takeEvent(at(1, finished(`u${index}`)));
    for (let index = 0; index < 300; index += 1) model.takeEvent(at(1, failed(`f${index}`)));
    const some = choose(model, 2);
    expect(some.reduce((sum, { uids }) => sum + uids.length, 0)).toBe(MOST_LANES);
    expect(some.map(({ name, total }) => [name, total])).toEqual([
      ['attention', 300],
      ['done', 5_000],
    ]);
    expect(choose(model, 2, [], { all: true }).map(({ uids }) => uids.length)).toEqual([300, 5_000]);
  });

  it('take the number of accounts from the snapshot, as the page knows only some', () => {
    const model = new PageModel();
    model.takeEvent(at(1, failed('f')));
    model.takeSnapshot(snapshotAt(1, { counts: { ...snapshotAt(1).counts, failed: 4_000 } }));
    expect(choose(model, 2).map(({ total }) => total)).toEqual([4_000]);
    expect(choose(model, 2, [], { filter: { ...NO_FILTER, text: 'f' } }).map(({ total }) => total)).toEqual([1]);
  });

  it.each([
    ['a part of a uid, in any case', { text: 'A1' }, 'a1'],
    ['a part of the DN', { text: 'uid=b1,' }, 'b1'],
    ['modes', { modes: ['delete' as const] }, 'd1'],
    ['conditions', { conditions: ['failed' as const] }, 'f1'],
    ['the cause', { cause: failureKey({ returnValue: 6, step: 'script', cause: 'no quota for x' }, 'x') }, 'f1'],
  ])('are only those of the filter: %s', (_title, filter, expected) => {
    const model = new PageModel();
    for (const uid of ['a1', 'b1']) model.takeEvent(at(1, received(uid)));
    model.takeEvent(at(1, failed('f1')));
    model.takeEvent(at(1, { ...finished('d1'), mode: 'deleted' } as ReturnType<typeof finished>));
    const chosen = choose(model, 2, [], { filter: { ...NO_FILTER, ...filter } });
    expect(chosen.flatMap(({ uids }) => uids)).toEqual([expected]);
  });
});

describe('the rows', () => {
  it('are the head of each section and its lanes', () => {
    const model = new PageModel();
    model.takeEvent(at(1, failed('f')));
    model.takeEvent(at(1, claimed('r')));
    expect(rowsOf(choose(model, 2)).map(({ key }) => key)).toEqual(['head work', 'lane r', 'head attention', 'lane f']);
  });

  it('in view are those of the height, and a few around them', () => {
    expect(rowsInView(5_000, { top: 0, height: 260, rowHeight: 26 })).toEqual({ from: 0, to: 14 });
    expect(rowsInView(5_000, { top: 26_000, height: 260, rowHeight: 26 })).toEqual({ from: 996, to: 1_014 });
    expect(rowsInView(3, { top: 0, height: 260, rowHeight: 26 })).toEqual({ from: 0, to: 3 });
  });
});
