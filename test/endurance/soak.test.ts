import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { execute } from '../support/children.ts';
import { SCALE } from './scale.ts';

const SOAK = join(import.meta.dirname, 'soak.ts');
const JOBS = 20_000 * SCALE;
const HELD = 20_000 * SCALE;
const TIMEOUT = 120_000 * SCALE;

const MEBIBYTE = 2 ** 20;
/**
 * The bounded caches are full before the measurement, but their content varies. 20,000 and 80,000
 * accounts leave the same 4.2 MiB: compiled code, and the parts of the large maps.
 */
const MOST_GROWTH = 5 * MEBIBYTE;
const MOST_BYTES_FOR_A_HELD_ACCOUNT = 2_048;

const NOTHING = { open: 0, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 };
const NOTHING_LEFT = { directory: 0, open: 0, running: 0, waiting: 0, status: NOTHING };

interface Result {
  readonly milliseconds: number;
  readonly before: number;
  readonly during?: number;
  readonly after: number;
  readonly held?: unknown;
  readonly left: unknown;
}

async function soak(what: 'few' | 'many' | 'held', count: number): Promise<Result> {
  const { stdout } = await execute(process.execPath, ['--expose-gc', '--import', 'tsx', SOAK, what, String(count)]);
  return JSON.parse(stdout) as Result;
}

describe(`${JOBS} jobs through the stream, the log and the operator interface`, () => {
  for (const [what, name] of [
    ['few', 'over twenty uids'],
    ['many', 'over as many uids'],
  ] as const) {
    it(`${name} leave nothing behind, and the heap where it began`, { timeout: TIMEOUT }, async () => {
      const { before, after, left } = await soak(what, JOBS);
      expect(left).toEqual(NOTHING_LEFT);
      expect(after - before).toBeLessThan(MOST_GROWTH);
    });
  }
});

describe(`${HELD} accounts that are not due`, () => {
  it('cost little each, and nothing once they have left', { timeout: TIMEOUT }, async () => {
    const { before, during = 0, after, held, left } = await soak('held', HELD);
    expect(held).toEqual({ ...NOTHING, open: HELD, deferred: HELD / 2, waiting: HELD / 2 });
    expect((during - before) / HELD).toBeLessThan(MOST_BYTES_FOR_A_HELD_ACCOUNT);
    expect(left).toEqual(NOTHING_LEFT);
    expect(after - before).toBeLessThan(MOST_GROWTH);
  });
});
