import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountLdif } from '../support/accounts.ts';
import { SEVERAL, ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { text } from '../support/test-directory.ts';
import { startWorld, type World } from './world.ts';

const TAKE_OVER_MILLISECONDS = 30_000;

describe('two services on the same accounts', () => {
  let world: World;
  let second: ServiceProcess;
  beforeEach(async () => {
    world = await startWorld({ settings: SEVERAL });
    const settings = withSettings(testSettings(world.slapd.url, world.script.command), SEVERAL);
    second = new ServiceProcess(await writeSettings(world.folder, settings, 'second.yaml'));
    second.start();
    await world.connected();
    await expect.poll(() => second.output, { timeout: 20_000 }).toContain('refreshed');
  });
  afterEach(async () => {
    await second.kill9();
    await world.stop();
  });

  it('share a hundred adds with a hundred runs', async () => {
    const observer = await world.slapd.observer();
    const uids = await Promise.all(Array.from({ length: 100 }, () => world.account()));
    for (const uid of uids) await world.ask(uid, 'add');
    for (const uid of uids) await world.finished(uid, 'add', 60_000);
    expect(world.script.journal().filter(({ what }) => what === 'start')).toHaveLength(100);
    expect(world.script.overlaps()).toEqual([]);
    for (const uid of uids) expect(observer.modes(uid).filter((mode) => mode === 'adding')).toHaveLength(1);
    await observer.stop();
  });

  it('never run two scripts of one account, also where a newer request is written while one runs', async () => {
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    const other = await world.account();
    await world.ask(uid, 'modify');
    await world.ask(other, 'add');
    await world.finished(other, 'add');
    await world.script.release(uid);
    await world.finished(uid, 'modify', TAKE_OVER_MILLISECONDS);
    expect(world.script.overlaps(), world.tell(uid)).toEqual([]);
    expect(world.script.starts(uid).map(({ mode }) => mode)).toEqual(['add', 'modify']);
  });

  it('leave the work of a living one to it, and take over that of a dead one', { timeout: 60_000 }, async () => {
    const uid = await world.account();
    await world.script.hold(uid);
    await second.kill9();
    await world.ask(uid, 'add');
    await world.script.started(uid);
    second.start();
    await world.service.kill9();
    await world.script.release(uid);
    const entry = await world.finished(uid, 'add', TAKE_OVER_MILLISECONDS);
    expect(text(entry, 'sstProvisioningReturnValue')).toBe('0');
    expect(world.script.starts(uid)).toHaveLength(2);
    expect(world.script.starts(uid)[1]?.resumed).toBe(true);
    expect(world.script.overlaps()).toEqual([]);
  });
});

describe('a service that may share the accounts with others', () => {
  const IN_WORK = { sstProvisioningMode: 'adding', sstProvisioningState: '0' };
  let world: World;
  afterEach(() => world.stop());

  it('waits for one lease duration where an account is in work and has no lease', { timeout: 60_000 }, async () => {
    world = await startWorld({ slapd: { preload: [accountLdif('3900002', IN_WORK)] }, settings: SEVERAL });
    const uid = await world.account();
    await world.ask(uid, 'add');
    await world.finished(uid, 'add');
    await expect.poll(() => world.service.output).toMatch(/waiting +3900002 .*does not say who works on it/);
    expect(world.script.journal('3900002')).toEqual([]);
    await world.finished('3900002', 'add', TAKE_OVER_MILLISECONDS);
    expect(world.script.starts('3900002')[0]?.resumed).toBe(true);
  });

  it('starts at once what was asked for while nobody was connected', async () => {
    world = await startWorld({ settings: SEVERAL });
    await world.connected();
    await world.service.kill9();
    const uid = await world.account();
    await world.ask(uid, 'add');
    world.service.start();
    await world.finished(uid, 'add', 5_000);
  });

  it('resumes its own work at once after it was killed', async () => {
    world = await startWorld({ settings: SEVERAL, ownRuntime: true });
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    await world.service.kill9();
    await world.script.release(uid);
    world.service.start();
    await world.finished(uid, 'add', 5_000);
    expect(world.script.starts(uid)[1]?.resumed).toBe(true);
  });
});

describe('a service alone', () => {
  it('refuses a second one on the same host, and starts at once after a kill', async () => {
    const world = await startWorld();
    try {
      await world.connected();
      const config = await writeSettings(
        world.folder,
        testSettings(world.proxy.url, world.script.command),
        'same.yaml',
      );
      const second = new ServiceProcess(config);
      second.start();
      expect(await second.ended()).not.toBe(0);
      expect(second.output).toMatch(/runs on this host already/);
      await world.service.kill9();
      second.start();
      const uid = await world.account();
      await world.ask(uid, 'add');
      await world.finished(uid, 'add');
      expect(await second.terminate()).toBe(0);
    } finally {
      await world.stop();
    }
  });
});
