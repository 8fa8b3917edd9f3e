import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProxyConnection } from '../support/proxy.ts';
import { startWorld, type World } from './world.ts';

describe('a burst of accounts', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.connected();
  });
  afterEach(() => world.stop());

  const burst = async (count: number): Promise<string[]> => {
    const uids = await Promise.all(Array.from({ length: count }, () => world.account()));
    await Promise.all(uids.map((uid) => world.ask(uid, 'add')));
    return uids;
  };

  it('is drained by SIGTERM without a second run, and the rest is done by the next service', async () => {
    const uids = await burst(150);
    await world.script.until(() => world.script.journal().length > 20, 'the burst to be under way');
    expect(await world.service.terminate()).toBe(0);
    const { length } = world.script.journal();
    expect(world.script.journal().filter(({ what }) => what === 'start')).toHaveLength(length / 2);
    world.service.start();
    for (const uid of uids) await world.finished(uid, 'add');
    for (const uid of uids) expect(world.script.starts(uid)).toHaveLength(1);
  });

  it('is let go of at once by a second SIGTERM, and taken up again by the next service', async () => {
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    world.service.signal('SIGTERM');
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toContain('draining');
    world.service.signal('SIGTERM');
    await world.service.ended();
    await world.script.release(uid);
    world.service.start();
    await world.finished(uid, 'add');
    expect(world.script.starts(uid)).toHaveLength(2);
    expect(world.script.overlaps()).toEqual([]);
  });

  it('is all handled where some scripts fail, and the failures stand until somebody asks again', async () => {
    const failing = await world.account();
    await world.script.exitWith(failing, 6);
    const uids = await burst(100);
    await world.ask(failing, 'modify');
    for (const uid of uids) await world.finished(uid, 'add');
    await world.slapd.waitFor(failing, (entry) => entry?.values('sstProvisioningReturnValue')[0]?.toString() === '6');
    await world.service.kill9();
    world.service.start();
    await world.connected();
    await world.script.exitWith(failing, 0);
    const other = await world.account();
    await world.ask(other, 'delete');
    await world.finished(other, 'delete');
    expect(world.script.starts(failing)).toHaveLength(1);
    await world.ask(failing, 'modify');
    await world.finished(failing, 'modify');
  });
});

describe('a directory that hangs', () => {
  /** The service's time limit of a request in milliseconds. It must not affect these tests. */
  const REQUEST_TIME = 60_000;
  let world: World;
  beforeEach(async () => {
    world = await startWorld({
      settings: {
        directory: { requestTimeout: `${REQUEST_TIME}ms` },
        reconnect: { deadAfter: `${REQUEST_TIME}ms` },
        shutdown: { grace: '1s' },
      },
    });
    await world.connected();
  });
  afterEach(() => world.stop());

  const hang = () => {
    const swallow = ({ up }: ProxyConnection) => up.swallow();
    for (const connection of world.proxy.open) swallow(connection);
    world.proxy.onConnection(swallow);
  };
  const writes = () => world.proxy.count('up', 'modifyRequest');

  /** A script has ended, and its outcome waits for a response that never comes. */
  const unanswered = async (): Promise<void> => {
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    hang();
    const before = writes();
    await world.script.release(uid);
    await expect.poll(writes, { timeout: 20_000 }).toBeGreaterThan(before);
  };

  it('holds no service up longer than the grace, and nothing is said to be tried again', async () => {
    await unanswered();
    const asked = performance.now();
    // The account is taken up again at the next start.
    expect(await world.service.terminate()).toBe(1);
    expect(performance.now() - asked).toBeLessThan(REQUEST_TIME / 4);
    expect(world.service.output).not.toContain('retrying');
  });

  it('holds no service up after a second SIGTERM, also where new connections hang', async () => {
    await unanswered();
    for (const connection of world.proxy.open) connection.reset();
    const before = world.proxy.connections.length;
    await expect.poll(() => world.proxy.connections.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 2);
    const asked = performance.now();
    world.service.signal('SIGTERM');
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toContain('draining');
    world.service.signal('SIGTERM');
    expect(await world.service.ended()).toBe(1);
    expect(world.service.output).toMatch(/stopped .*1 account interrupted, resumed at the next start/);
    expect(performance.now() - asked).toBeLessThan(REQUEST_TIME / 4);
  });
});
