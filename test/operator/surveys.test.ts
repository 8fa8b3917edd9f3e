import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type AccountsView, type Condition, NO_ACCOUNTS } from '../../src/domain/condition.ts';
import type { Survey } from '../../src/operator/survey.ts';
import { Surveys } from '../../src/operator/surveys.ts';

/** More accounts than are looked at without a pause. */
const MANY = 12_000;

const queued = (number: number): Condition => ({
  ...{ uid: `u${number}`, dn: `uid=u${number}`, mode: 'add', condition: 'queued' },
  since: number,
});

/** Surveys of some accounts, in a world whose clock stands still between two slices. */
function surveysOf(count: number) {
  const world = { begun: 0, elapsed: 0, sliceMilliseconds: 5 };
  const accounts: AccountsView = {
    ...NO_ACCOUNTS,
    counts: () => ({ ...NO_ACCOUNTS.counts(), open: count, queued: count }),
    *conditions() {
      world.begun += 1;
      for (let number = 0; number < count; number += 1) {
        if (number % 4_000 === 0) world.elapsed += world.sliceMilliseconds;
        yield queued(number);
      }
    },
  };
  const surveys = new Surveys({
    accounts,
    now: () => 0,
    elapsed: () => world.elapsed,
    limitMilliseconds: () => 1_000,
    median: () => undefined,
  });
  return { world, surveys };
}

const uidsOf = ({ lists }: Survey) => lists.queued.items().map(({ uid }) => uid);

describe('a survey', () => {
  it('of many accounts pauses, so that other work goes on', async () => {
    const { surveys } = surveysOf(MANY);
    let turns = 0;
    let done = false;
    const looking = surveys.look({ limit: 10 }).finally(() => {
      done = true;
    });
    for (; !done; turns += 1) await turn();
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(uidsOf(await looking).slice(0, 3)).toEqual(['u0', 'u1', 'u2']);
  });

  it('that is being made serves all who ask for it, with lists that are long enough for each', async () => {
    const { world, surveys } = surveysOf(MANY);
    const looks = [0, 10, 1_000].map((limit) => surveys.look({ limit }));
    const [one, ...others] = await Promise.all(looks);
    expect(others.every((other) => other === one)).toBe(true);
    expect(one && uidsOf(one)).toHaveLength(1_000);
    expect(world.begun).toBe(1);
  });

  it('is made apart for longer lists, and for one account', async () => {
    const { world, surveys } = surveysOf(MANY);
    const looks = await Promise.all([
      surveys.look({ limit: 10 }),
      surveys.look({ limit: 5_000 }),
      surveys.look({ limit: 10, uid: 'u7' }),
    ]);
    expect(looks.map((look) => uidsOf(look).length)).toEqual([1_000, 5_000, 1]);
    expect(world.begun).toBe(3);
  });

  it('serves for nine times the time that it took, at most two seconds', async () => {
    const { world, surveys } = surveysOf(MANY);
    for (const [slice, use] of [
      [5, 9 * 3 * 5],
      [1_000, 2_000],
    ] as const) {
      world.sliceMilliseconds = slice;
      const first = await surveys.look({ limit: 10 });
      world.elapsed += use - 1;
      expect(await surveys.look({ limit: 10 })).toBe(first);
      world.elapsed += 1;
      expect(await surveys.look({ limit: 10 })).not.toBe(first);
      world.elapsed += 2_000;
    }
  });

  it('of few accounts is made for each request', async () => {
    const { surveys } = surveysOf(3_999);
    expect(await surveys.look({ limit: 10 })).not.toBe(await surveys.look({ limit: 10 }));
  });
});
