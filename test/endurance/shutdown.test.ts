import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../faults/world.ts';
import { BASE, manyAccounts } from '../support/accounts.ts';
import { ServiceManager } from '../support/service-manager.ts';
import { text } from '../support/test-directory.ts';
import { SCALE } from './scale.ts';

const BURST = 500 * SCALE;
const TIMEOUT = 90_000 * SCALE;

let world: World;
afterEach(() => world.stop());

async function start(options: WorldOptions = {}): Promise<void> {
  world = await startWorld(options);
  await refreshed();
}

async function refreshed(): Promise<void> {
  await expect.poll(() => world.service.output.split('--- started').at(-1), { timeout: 20_000 }).toContain('refreshed');
}

/** Returns the uid of an account whose script is running and held. */
async function running(): Promise<string> {
  const uid = await world.account();
  await world.script.hold(uid);
  await world.ask(uid, 'add');
  await world.script.started(uid);
  return uid;
}

/** Expects the account to be in work without an outcome, so that the next service resumes it. */
async function expectInterrupted(uid: string): Promise<void> {
  const entry = await world.slapd.read(uid);
  if (entry === undefined) throw new Error(`${uid} is gone`);
  expect(text(entry, 'sstProvisioningMode')).toBe('adding');
  expect(text(entry, 'sstProvisioningState')).toBe('0');
  expect(entry.values('sstProvisioningReturnValue')).toEqual([]);
}

async function expectResumed(uid: string): Promise<void> {
  await world.script.release(uid);
  world.service.start();
  await world.finished(uid, 'add');
  expect(world.script.starts(uid).map(({ resumed }) => resumed)).toEqual([false, true]);
  expect(world.script.overlaps()).toEqual([]);
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

describe('a service in a burst', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`finishes what runs on ${signal}, and the next one does the rest`, { timeout: TIMEOUT }, async () => {
      const preload = manyAccounts(BURST, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
      world = await startWorld({ slapd: { preload } });
      await world.script.until(() => world.script.journal().length > BURST / 5, 'the burst to be under way');
      world.service.signal(signal);
      expect(await world.service.ended()).toBe(0);
      const began = world.script.journal().filter(({ what }) => what === 'start').length;
      expect(began).toBeLessThan(BURST);
      expect(world.script.journal().filter(({ what }) => what === 'end')).toHaveLength(began);
      expect(await world.slapd.search(BASE, '(sstProvisioningMode=added)')).toHaveLength(began);
      expect(await world.slapd.search(BASE, '(sstProvisioningMode=adding)')).toHaveLength(0);
      world.service.start();
      await expect
        .poll(async () => (await world.slapd.search(BASE, '(sstProvisioningMode=add)')).length, {
          timeout: TIMEOUT,
          interval: 100,
        })
        .toBe(0);
      expect(await world.service.terminate()).toBe(0);
      expect(await world.slapd.search(BASE, '(sstProvisioningMode=added)')).toHaveLength(BURST);
      expect(world.script.journal().filter(({ what }) => what === 'start')).toHaveLength(BURST);
    });
  }
});

describe('a service with a script at work', { timeout: 90_000 }, () => {
  it('ends the whole process group at once on a second signal', async () => {
    await start({ settings: { shutdown: { grace: '60s' } } });
    const uid = await running();
    const pid = world.script.starts(uid)[0]?.pid ?? 0;
    world.service.signal('SIGINT');
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toContain('draining');
    expect(isAlive(pid)).toBe(true);
    world.service.signal('SIGTERM');
    await world.service.ended();
    expect(isAlive(pid)).toBe(false);
    await expectInterrupted(uid);
    await expectResumed(uid);
  });

  it('ends it when the grace is over', async () => {
    await start({ settings: { shutdown: { grace: '300ms' } } });
    const uid = await running();
    const pid = world.script.starts(uid)[0]?.pid ?? 0;
    await world.service.terminate();
    expect(isAlive(pid)).toBe(false);
    await expectInterrupted(uid);
    await expectResumed(uid);
  });

  it('does not wait longer than the grace for a directory that is away, and loses nothing', async () => {
    await start({ settings: { shutdown: { grace: '1s' } } });
    const uid = await running();
    await world.slapd.kill9();
    await world.script.release(uid);
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toMatch(new RegExp(`retrying +${uid}`));
    await world.service.terminate();
    await world.slapd.start();
    await expectInterrupted(uid);
    await expectResumed(uid);
  });

  it('writes an outcome that waited, within the grace, when the directory is back', async () => {
    await start({ settings: { shutdown: { grace: '30s' } } });
    const uid = await running();
    await world.slapd.kill9();
    await world.script.release(uid);
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toMatch(new RegExp(`retrying +${uid}`));
    world.service.signal('SIGTERM');
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toContain('draining');
    await world.slapd.start();
    expect(await world.service.ended()).toBe(0);
    await world.finished(uid, 'add');
    expect(world.script.starts(uid)).toHaveLength(1);
  });
});

describe('a service manager', () => {
  it('is told the state of the service, from its start to its end', async () => {
    const manager = await ServiceManager.start();
    try {
      world = await startWorld({ start: false });
      world.service.start({ NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '200000' });
      await manager.hears(/^STATUS=refreshed: 0 open accounts/);
      await manager.hears(/^WATCHDOG=1$/);
      await world.slapd.kill9();
      await manager.hears(/^STATUS=(disconnected|reconnecting): /);
      expect(await world.service.terminate()).toBe(0);
      await manager.hears(/^STOPPING=1$/);
      expect(manager.heard[0]).toBe('READY=1');
    } finally {
      await manager.stop();
    }
  });
});
