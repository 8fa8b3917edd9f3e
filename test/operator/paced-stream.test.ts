import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { pacedStream } from '../../src/operator/paced-stream.ts';

it('a paced stream delivers all pieces of a text, and lets other pending work run before each of them', async () => {
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
  expect(await text(pacedStream(pieces()))).toBe('one, tw€, three');
  clearImmediate(next);
  expect(new Set(madeAt).size).toBe(3);
});
