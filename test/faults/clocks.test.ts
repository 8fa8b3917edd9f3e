import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { startWorld, type World } from './world.ts';

const DAY = 86_400_000;

/** The UTC day that is `offset` days from now. */
function day(offset: number): string {
  return new Date(Date.now() + offset * DAY).toISOString().slice(0, 10).replaceAll('-', '');
}

describe('a service whose clock is set', () => {
  let world: World;
  let clock: FakeClock;

  beforeAll(async () => {
    world = await startWorld({ start: false });
    clock = new FakeClock(join(world.folder, 'clock'));
    world.service.start(clock.environment);
  });
  afterAll(() => world.stop());
  beforeEach(() => clock.setBy(0));

  const askFor = async (date: string): Promise<string> => {
    const uid = await world.account();
    await world.slapd.request(uid, 'modify', { sstProvisioningDate: date });
    return uid;
  };
  const deferred = (uid: string) =>
    expect
      .poll(() => world.service.output, { timeout: 20_000 })
      .toMatch(new RegExp(`deferred.*${uid}|${uid}.*deferred`));

  it('forward to the day: does what was put off, without another write', async () => {
    const uid = await askFor(day(2));
    await deferred(uid);
    await clock.setBy(DAY);
    const other = await askFor('0');
    await world.finished(other, 'modify');
    expect(world.script.starts(uid)).toHaveLength(0);
    await clock.setBy(2 * DAY);
    await world.finished(uid, 'modify');
    expect(world.script.starts(uid)).toHaveLength(1);
  });

  it('back: puts off what is not due any more, and does it when the clock is right again', async () => {
    await clock.setBy(-2 * DAY);
    const uid = await askFor(day(0));
    await deferred(uid);
    expect(world.script.starts(uid)).toHaveLength(0);
    await clock.setBy(0);
    await world.finished(uid, 'modify');
  });

  it('while it stands still, as a suspended machine does: does what became due when it goes on', async () => {
    const uid = await askFor(day(3));
    await deferred(uid);
    world.service.signal('SIGSTOP');
    await clock.setBy(4 * DAY);
    world.service.signal('SIGCONT');
    await world.finished(uid, 'modify');
  });

  it('does at once what was due on a day before', async () => {
    const uid = await askFor(day(-30));
    await world.finished(uid, 'modify');
  });
});
