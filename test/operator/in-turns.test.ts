import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { inTurns } from '../../src/operator/in-turns.ts';

it('a text in turns gives all its pieces, and everybody else a turn before each of them', async () => {
  let turns = 0;
  let next: NodeJS.Immediate;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  next = setImmediate(count);
  const madeAt: number[] = [];
  function* pieces(): Generator<string> {
    for (const piece of ['one, ', 'tw€', ', three']) {
      madeAt.push(turns);
      yield piece;
    }
  }
  expect(await text(inTurns(pieces()))).toBe('one, tw€, three');
  clearImmediate(next);
  expect(new Set(madeAt).size).toBe(3);
});
