import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Brake } from '../../src/domain/brake.ts';

const WITHIN = 100;
/** Deletes of this service, and of others. */
const own = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const others = fc.constantFrom('u', 'v', 'w');
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('admit' as const), id: own }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('saw' as const), id: others, ago: fc.integer({ min: 0, max: 150 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
);

describe('the brake', () => {
  it('counts each account once, lets go what was not claimed, and forgets what is over', () => {
    const brake = new Brake({ deletes: 2, within: WITHIN });
    expect([brake.admit('a', 0), brake.admit('a', 10), brake.admit('b', 20), brake.admit('c', 30)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    brake.notClaimed('b');
    expect(brake.admit('c', 40)).toBe(true);
    brake.claimed('c');
    brake.notClaimed('c');
    expect(brake.isOver('d', 100)).toBe(true);
    expect(brake.admit('d', 101)).toBe(true);
  });

  it('counts a delete that another service has claimed meanwhile', () => {
    const brake = new Brake({ deletes: 1, within: WITHIN });
    brake.admit('a', 0);
    brake.saw('a', 5, 10);
    brake.notClaimed('a');
    expect(brake.isOver('b', 20)).toBe(true);
  });

  it('still counts after a resume when the clock is set back', () => {
    const brake = new Brake({ deletes: 1, within: WITHIN });
    brake.admit('a', 10_000);
    brake.forget(10_010);
    expect([brake.admit('b', 5_000), brake.admit('c', 5_010), brake.admit('d', 5_020)]).toEqual([true, false, false]);
  });

  it('admits no more deletes of different accounts within its time than are allowed, whatever else it sees', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), action), { maxLength: 60 }),
        (deletes, steps) => {
          const brake = new Brake({ deletes, within: WITHIN });
          let now = 1_000;
          /** When each own delete began, since the last `forget`. */
          const begun = new Map<string, number>();
          for (const [passed, what] of steps) {
            now += passed;
            for (const [name, at] of begun) if (at < now - WITHIN) begun.delete(name);
            if (what.kind === 'admit') {
              const isOver = brake.isOver(what.id, now);
              expect(brake.admit(what.id, now)).toBe(!isOver);
              if (!isOver && !begun.has(what.id)) begun.set(what.id, now);
              expect(begun.size).toBeLessThanOrEqual(deletes);
              brake.claimed(what.id);
            } else if (what.kind === 'saw') {
              const isCounted = brake.isOver('another', now);
              brake.saw(what.id, now - what.ago, now);
              // What is seen never makes room.
              if (isCounted) expect(brake.isOver('another', now)).toBe(true);
            } else {
              brake.forget(now);
              begun.clear();
              expect(brake.isOver('another', now)).toBe(false);
            }
          }
        },
      ),
    );
  });
});
