import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountLdif } from '../support/accounts.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { text } from '../support/test-directory.ts';
import { startWorld, type World } from './world.ts';

/** Short limits: an account in work is taken over after the longest handler time. */
const SEVERAL = { instances: 'several', script: { timeout: '5s', killGrace: '100ms' } };
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

describe('a service that may have others beside it', () => {
  const IN_WORK = { sstProvisioningMode: 'adding', sstProvisioningState: '0' };
  let world: World;
  afterEach(() => world.stop());

  it('takes over at once what is old by the clock of the directory, though that is all that it shows', async () => {
    const old = accountLdif('3900001', { ...IN_WORK, modifyTimestamp: '20260101000000Z' });
    world = await startWorld({ slapd: { preload: [old] }, settings: { instances: 'several' } });
    await world.finished('3900001', 'add', 10_000);
    expect(world.script.starts('3900001')[0]?.resumed).toBe(true);
  });

  it('leaves alone what is young', async () => {
    world = await startWorld({
      slapd: { preload: [accountLdif('3900002', IN_WORK)] },
      settings: { instances: 'several' },
    });
    const uid = await world.account();
    await world.ask(uid, 'add');
    await world.finished(uid, 'add');
    await expect.poll(() => world.service.output).toMatch(/waiting +3900002 .*another service may be at work/);
    expect(world.script.journal('3900002')).toEqual([]);
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
