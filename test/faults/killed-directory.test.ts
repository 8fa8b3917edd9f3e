import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from '../../src/domain/mode.ts';
import { MOMENTS } from './steps.ts';
import { startWorld, type World } from './world.ts';

const ENDS = [
  { how: 'is killed and started again', end: (world: World) => world.slapd.kill9() },
  { how: 'is restarted', end: (world: World) => world.slapd.halt() },
];

describe.each(MODES)('while the service works on %s', (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  describe.each(ENDS)('a directory that $how', ({ end }) => {
    it.each(MOMENTS)('$name: costs no account, and no second run', async ({ reach }) => {
      await world.heal();
      const uid = await world.account();
      await reach(world, uid, mode, async () => {
        await end(world);
        await world.slapd.start();
      });
      await world.finished(uid, mode);
      expect(world.script.starts(uid).length, world.tell(uid)).toBe(1);
      expect(world.script.overlaps()).toEqual([]);
    });
  });

  it('lets a script that ends during the outage have its outcome written afterwards, without another run', async () => {
    await world.heal();
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, mode);
    await world.script.started(uid);
    await world.slapd.kill9();
    await world.script.release(uid);
    await world.script.until(
      () => world.script.journal(uid).some(({ what }) => what === 'end'),
      'the end of the script',
    );
    await world.slapd.start();
    await world.finished(uid, mode);
    expect(world.script.starts(uid)).toHaveLength(1);
  });

  it('finds what was asked while the service was cut off', async () => {
    await world.heal();
    const uid = await world.account();
    await world.proxy.refuse();
    for (const connection of world.proxy.open) connection.reset();
    await world.ask(uid, mode);
    await world.proxy.accept();
    await world.finished(uid, mode);
    expect(world.script.starts(uid)).toHaveLength(1);
  });
});
