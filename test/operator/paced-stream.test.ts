import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { pacedStream } from '../../src/operator/paced-stream.ts';
import { countTurns } from '../support/loop-turns.ts';

it('a paced stream delivers all pieces of a text, and lets other pending work run before each of them', async () => {
  const turns = countTurns();
  const madeAt: number[] = [];
  function* pieces(): Generator<string> {
    for (const piece of ['one, ', 'tw€', ', three']) {
      madeAt.push(turns.count());
      yield piece;
    }
  }
  expect(await text(pacedStream(pieces()))).toBe('one, tw€, three');
  turns.stop();
  expect(new Set(madeAt).size).toBe(3);
});
