import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSequence, type Sequence } from './random-faults.ts';
import { startWorld, type World } from './world.ts';

/** FAULT_SEED replays a sequence; FAULT_ROUNDS runs more of them, each with the next seed. */
const FIRST_SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1_000_000_000));
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 3);
const ACTIONS = 80;

describe('random requests among random faults', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const seeds = Array.from({ length: ROUNDS }, (_, round) => FIRST_SEED + round);
  it.each(seeds)(
    'end with every account as it was last asked for (FAULT_SEED=%i)',
    { timeout: 120_000 },
    async (seed) => {
      await world.heal();
      const uids = [];
      for (let index = 0; index < 6; index += 1) uids.push(await world.account());
      const sequence = await runSequence(world, uids, seed, ACTIONS);
      for (const uid of uids) await world.script.release(uid);
      await world.heal();
      try {
        await check(world, sequence);
      } catch (cause) {
        throw new Error(`FAULT_SEED=${seed}: ${String(cause)}\n${sequence.said.join('\n')}`, { cause });
      }
    },
  );
});

async function check(world: World, { asked, serviceDeaths }: Sequence): Promise<void> {
  for (const [uid, requests] of asked) {
    const last = requests.at(-1)!;
    await world.finished(uid, last.mode, 60_000);
    const journal = world.script.journal();
    const served = journal.findIndex(
      ({ what, ...run }, line) => line >= last.after && what === 'start' && run.uid === uid && run.mode === last.mode,
    );
    expect(served, `the last request of ${uid} had no run of its own\n${world.tell(uid)}`).toBeGreaterThanOrEqual(0);
    const runs = world.script.starts(uid).length;
    expect(runs, world.tell(uid)).toBeLessThanOrEqual(requests.length + serviceDeaths);
  }
  expect(world.script.overlaps()).toEqual([]);
}
