import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Directory389, RETRIED_AFTER_CRASH, start389 } from '../support/directory-389.ts';
import { MOMENTS } from './steps.ts';
import { startWorld, type World } from './world.ts';

let directory: Directory389;
beforeAll(async () => {
  directory = await start389();
});
afterAll(() => directory.remove());

describe.each(['syncrepl', 'persistentSearch'])(
  'a 389-ds that is watched by %s',
  RETRIED_AFTER_CRASH,
  (subscription) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({
        directory,
        settings: { directory: { subscription } },
        firstUid: subscription.length * 1_000,
      });
    });
    afterEach(() => directory.assertRunning());
    afterAll(() => world.stop());

    it.each(MOMENTS)(
      'has everything finished where the service is killed $name',
      async ({ reach, runsIfServiceDies }) => {
        await world.heal();
        const uid = await world.account();
        await reach(world, uid, 'modify', async () => {
          await world.service.kill9();
          world.service.start();
        });
        await world.finished(uid, 'modify');
        expect(world.script.starts(uid).length, world.tell(uid)).toBeLessThanOrEqual(runsIfServiceDies);
        expect(world.script.overlaps()).toEqual([]);
      },
    );

    it('has the outcome written once it is back, without another run, where it is killed while the script runs', async () => {
      await world.heal();
      const uid = await world.account();
      await world.script.hold(uid);
      await world.ask(uid, 'add');
      await world.script.started(uid);
      await directory.kill9();
      await world.script.release(uid);
      await directory.start();
      await world.finished(uid, 'add', 60_000);
      expect(world.script.starts(uid)).toHaveLength(1);
    });

    it('loses nothing that is asked while the service is cut off', async () => {
      await world.heal();
      const uid = await world.account();
      await world.proxy.refuse();
      for (const connection of world.proxy.open) connection.reset();
      await world.ask(uid, 'delete');
      await world.proxy.accept();
      await world.finished(uid, 'delete');
      expect(world.script.starts(uid)).toHaveLength(1);
    });
  },
);
