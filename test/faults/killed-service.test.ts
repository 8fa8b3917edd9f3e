import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from '../../src/domain/mode.ts';
import { MOMENTS } from './steps.ts';
import { startWorld, type World } from './world.ts';

describe.each(MODES)('a service that is killed while it works on %s', (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it.each(MOMENTS)('$name: the next one finishes it', async ({ reach, runsIfServiceDies }) => {
    await world.heal();
    const uid = await world.account();
    await reach(world, uid, mode, async () => {
      await world.service.kill9();
      world.service.start();
    });
    await world.finished(uid, mode);
    expect(world.script.starts(uid).length, world.tell(uid)).toBeLessThanOrEqual(runsIfServiceDies);
    expect(world.script.starts(uid).length).toBeGreaterThan(0);
    expect(world.script.overlaps()).toEqual([]);
  });
});
