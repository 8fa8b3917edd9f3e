import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEVERAL } from '../support/service-process.ts';
import { runSequence, type Sequence } from './random-faults.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

/**
 * FAULT_SEED replays a sequence. FAULT_ROUNDS sets the number of sequences, each with the next
 * seed.
 */
const FIRST_SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1_000_000_000));
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 2);
const ACTIONS = 80;

const WORLDS: ReadonlyArray<{ readonly name: string; readonly options: WorldOptions }> = [
  { name: 'one service', options: {} },
  {
    name: 'two services',
    options: { services: 2, settings: SEVERAL },
  },
];

describe.each(WORLDS)('random requests among random faults, with $name', ({ options }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(options);
  });
  afterAll(() => world.stop());

  const seeds = Array.from({ length: ROUNDS }, (_, round) => FIRST_SEED + round);
  it.each(seeds)(
    'end with every account as it was last asked for (FAULT_SEED=%i)',
    { timeout: 180_000 },
    async (seed) => {
      await world.heal();
      const uids = [];
      for (let index = 0; index < 6; index += 1) uids.push(await world.account());
      const sequence = await runSequence(world, uids, { seed, count: ACTIONS });
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
  const [overlap] = world.script.overlaps().filter(({ uid }) => asked.has(uid));
  expect(overlap, world.tell(overlap?.uid ?? '')).toBeUndefined();
}
