import fc from 'fast-check';
import { from, map, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../streams/lanes.ts';
import { type Arrival, groupPerUid } from '../../../streams/operators/group-per-uid.ts';

/** An entry at the nth time that it was put under a key. */
interface Item {
  readonly key: string;
  readonly id: string;
  readonly nth: number;
}

const KEYS = ['k1', 'k2', 'k3', 'k4'];
/** Entries mostly keep their key. One entry is renamed now and then. */
const PLACES = [
  ...KEYS.flatMap((key) => [1, 2, 3].map((entry) => ({ key, id: `${key}/${entry}` }))),
  ...KEYS.map((key) => ({ key, id: 'renamed' })),
];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), place: fc.constantFrom(...PLACES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), place: fc.constantFrom(...PLACES) }) },
);

describe('groupPerUid, in whatever order things happen', () => {
  it('keeps each key in order, one at a time, within the concurrency, and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.nat(60), { nil: undefined }),
        async (scheduler, steps, concurrency, drainAt) => {
          const source$ = new Subject<Arrival<Item>>();
          const drain$ = new Subject<void>();
          const lanes = new Lanes<Item>();
          /** The items that have not begun, in the order in which they wait. */
          let waiting: Item[] = [];
          const running: Item[] = [];
          const begun: Item[] = [];
          let drained = false;
          let complete = false;

          const project = (item: Item) => {
            expect(drained).toBe(false);
            expect(running.map(({ key }) => key)).not.toContain(item.key);
            expect(running.map(({ id }) => id)).not.toContain(item.id);
            // The first waiting item of its key.
            expect(waiting.find(({ key }) => key === item.key)).toBe(item);
            waiting = waiting.filter((one) => one !== item);
            running.push(item);
            begun.push(item);
            expect(running.length).toBeLessThanOrEqual(concurrency);
            const finished = scheduler.schedule(Promise.resolve(item), `finish ${item.id}`);
            return from(finished).pipe(
              map((one) => {
                running.splice(running.indexOf(one), 1);
                return one;
              }),
            );
          };

          source$.pipe(groupPerUid({ slots: concurrency, project, lanes, drain$ })).subscribe({
            complete: () => {
              complete = true;
            },
          });

          const act = (at: number): void => {
            if (at === drainAt) {
              drained = true;
              waiting = [];
              drain$.next();
            }
            const next = steps[at];
            if (next === undefined || drained) return;
            const { kind, place } = next;
            const before = waiting.findIndex(({ id }) => id === place.id);
            if (kind === 'drop') {
              if (before >= 0) waiting.splice(before, 1);
              source$.next({ kind, ...place });
              return;
            }
            const item = { ...place, nth: at };
            if (before >= 0 && waiting[before]?.key === place.key) waiting[before] = item;
            else {
              if (before >= 0) waiting.splice(before, 1);
              waiting.push(item);
            }
            source$.next({ kind, ...place, item });
          };
          scheduler.scheduleSequence(steps.map((_, at) => async () => act(at)));
          await scheduler.waitIdle();

          expect(waiting).toEqual([]);
          expect([lanes.works, lanes.waits]).toEqual([0, 0]);
          if (!drained) source$.complete();
          expect(complete).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
