import { describe, expect, it } from 'vitest';
import { failureKey } from '../../src/page/model/failure-key.ts';
import { MOST_EVENTS, PageModel } from '../../src/page/model/page-model.ts';
import { at, EVENTS, failed, inWork, START, snapshotAt } from './facts.ts';

const { received, queued, claimed, finished, failed: hasFailed, retrying, waiting, left } = EVENTS;

function modelOf(...steps: ReadonlyArray<ReturnType<typeof at> | ReturnType<typeof snapshotAt>>): PageModel {
  const model = new PageModel();
  for (const step of steps) {
    if ('event' in step) model.takeEvent(step);
    else model.takeSnapshot(step);
  }
  return model;
}

describe('an account of the page', () => {
  it('goes through its conditions with the events, and has been in each since its event', () => {
    const model = new PageModel();
    const seen = [received, queued, claimed, retrying, claimed, hasFailed, queued, claimed, finished, left].map(
      (event, seconds) => {
        model.takeEvent(at(seconds, event('a')));
        const account = model.account('A');
        return [account?.condition, ((account?.since ?? 0) - START) / 1_000];
      },
    );
    expect(seen.slice(1)).toEqual([
      ['queued', 1],
      ['inWork', 2],
      ['retrying', 3],
      ['inWork', 4],
      ['failed', 5],
      ['queued', 6],
      ['inWork', 7],
      ['done', 8],
      ['gone', 9],
    ]);
  });

  it('stays in work when a newer request of it is queued', () => {
    expect(modelOf(at(1, claimed('a')), at(2, queued('a'))).account('a')?.condition).toBe('inWork');
  });

  it('is what a snapshot says of it, unless an event is newer than that', () => {
    expect(modelOf(at(1, claimed('a')), snapshotAt(2, { failed: [failed('a', 2)] })).account('a')).toMatchObject({
      condition: 'failed',
      since: START + 2_000,
      reason: '6 "no quota for a"',
      failure: failureKey(failed('a', 2), 'a'),
    });
    const past = modelOf(snapshotAt(9, { failed: [failed('a', 2)] }), at(1, claimed('a')), at(2, finished('a')));
    expect(past.account('a')?.condition).toBe('failed');
    const late = modelOf(at(3, finished('a')), snapshotAt(2, { inWork: [inWork('a', 1)] }));
    expect(late.account('a')?.condition).toBe('done');
  });

  it('is done when a snapshot no longer has it, although no event reported the end', () => {
    expect(modelOf(at(1, claimed('a')), snapshotAt(5)).account('a')).toMatchObject({
      condition: 'done',
      since: START + 5_000,
    });
  });

  it('stays in its condition if the snapshot lists only some of the accounts', () => {
    const part = snapshotAt(5, {
      counts: { open: 9, inWork: 9, queued: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 },
    });
    expect(modelOf(at(1, claimed('a')), part).account('a')?.condition).toBe('inWork');
  });

  it('is forgotten if only a snapshot knew it', () => {
    expect(modelOf(snapshotAt(1, { failed: [failed('a', 0)] }), snapshotAt(2)).accounts.size).toBe(0);
  });

  it('is stuck as long as the snapshot says so', () => {
    const model = modelOf(snapshotAt(1, { inWork: [inWork('a', 0, true)] }));
    expect(model.account('a')?.isStuck).toBe(true);
    model.takeEvent(at(2, finished('a')));
    expect(model.account('a')?.isStuck).toBe(false);
  });

  it('says why it waits', () => {
    expect(modelOf(at(1, waiting('a'))).account('a')).toMatchObject({
      condition: 'waiting',
      reason: 'for its uidNumber',
    });
  });
});

describe('the events of the page', () => {
  it('are the latest ones, and so are those of each account', () => {
    const model = new PageModel();
    for (let index = 0; index < MOST_EVENTS + 10; index += 1) model.takeEvent(at(index, finished(`a${index % 7}`)));
    expect(model.events).toHaveLength(MOST_EVENTS);
    expect(model.events[0]?.time).toBe(at(10, finished('a')).time);
    const kept = [...model.accounts.values()].reduce((sum, { events }) => sum + events.length, 0);
    expect(kept).toBe(MOST_EVENTS);
    expect(model.taken).toBe(MOST_EVENTS + 10);
  });

  it('stay while the view is held, up to twice as many', () => {
    const model = new PageModel();
    for (let index = 0; index < 2 * MOST_EVENTS + 5; index += 1)
      model.takeEvent(at(index, finished(`a${index % 70}`)), true);
    expect(model.events).toHaveLength(2 * MOST_EVENTS);
    model.takeEvent(at(99_999, finished('a')));
    expect(model.events).toHaveLength(MOST_EVENTS);
  });

  it('take accounts with them that are done', () => {
    const model = new PageModel();
    model.takeEvent(at(0, finished('first')));
    model.takeEvent(at(0, hasFailed('second')));
    for (let index = 0; index < MOST_EVENTS; index += 1) model.takeEvent(at(1, finished('other')));
    expect([...model.accounts.keys()]).toEqual(['second', 'other']);
  });

  it('bound the accounts that are known, however many wait', () => {
    const counts = { open: 9e9, inWork: 0, queued: 9e9, retrying: 0, failed: 0, deferred: 0, waiting: 0 };
    const model = modelOf(snapshotAt(0, { counts }));
    for (let index = 0; index < 5 * MOST_EVENTS; index += 1) model.takeEvent(at(1, queued(`a${index}`)));
    model.takeSnapshot(snapshotAt(2, { counts, queued: [] }));
    expect(model.accounts.size).toBeLessThanOrEqual(2 * MOST_EVENTS);
    expect(model.accounts.has(`a${5 * MOST_EVENTS - 1}`)).toBe(true);
    model.takeEvent(at(3, claimed('a0')));
    expect(model.account('a0')).toMatchObject({ condition: 'inWork' });
  });

  it('have a gap where some are missing, from the last one that came', () => {
    const model = modelOf(at(1, finished('a')));
    model.takeGap(12, START + 3_000);
    expect(model.gaps).toEqual([{ from: START + 1_000, to: START + 3_000, events: 12 }]);
  });
});

describe('the small plots', () => {
  it('count what the events tell, and what the snapshots tell they remember', () => {
    const attempts = [
      { mode: 'add' as const, attempts: 5, p50: 10, p95: 20 },
      { mode: 'modify' as const, attempts: 9, p50: 30, p95: 40 },
    ];
    const { series } = modelOf(
      at(0, received('a')),
      at(1, hasFailed('a')),
      at(2, hasFailed('b')),
      at(6, finished('c')),
      snapshotAt(6, { attempts, inWork: [inWork('d', 5)] }),
    );
    const last = (name: Parameters<typeof series.values>[0]) => series.values(name, START + 6_000).slice(-3);
    expect(last('received')).toEqual([0, 1, 0]);
    expect(last('failed')).toEqual([0, 2, 0]);
    expect(last('finished')).toEqual([0, 0, 1]);
    expect(last('busy')).toEqual([undefined, undefined, 1]);
    expect(last('p95')).toEqual([undefined, undefined, 40]);
  });

  it('count failures by cause, whosever they are', () => {
    const { series } = modelOf(
      at(0, hasFailed('3724001')),
      at(1, hasFailed('3724002')),
      at(2, hasFailed('a', 'another')),
    );
    const key = failureKey({ returnValue: 6, step: 'script', cause: 'no quota for 7' }, '7');
    expect(series.ofCause(key, START).at(-1)).toBe(2);
    expect(series.ofCause('unknown', START)).toEqual([]);
  });
});
