import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MODES, type Mode, WORDS } from '../../src/domain/mode.ts';
import { accountLdif } from '../support/accounts.ts';
import { start389 } from '../support/directory-389.ts';
import { RecordingScript } from '../support/recording-script.ts';
import { SEVERAL, ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';
import { type RestartableDirectory, startWorld, type World } from './world.ts';

const SERVERS = [
  {
    name: "OpenLDAP's slapd",
    start: async (): Promise<{ directory: RestartableDirectory; stop: () => Promise<void> }> => {
      const directory = await startSlapd();
      return { directory, stop: () => directory.stop() };
    },
  },
  {
    name: '389-ds',
    start: async (): Promise<{ directory: RestartableDirectory; stop: () => Promise<void> }> => {
      const directory = await start389();
      return { directory, stop: () => directory.remove() };
    },
  },
];

const attributeOf = async (world: World, uid: string, name: string): Promise<string> => {
  const entry = await world.slapd.read(uid);
  return entry === undefined ? '' : text(entry, name);
};

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  describe('an outcome that the network kept back', () => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ directory: server.directory, settings: { directory: { requestTimeout: '500ms' } } });
      await world.connected();
    });
    afterAll(() => world.stop());

    it.each(MODES)('does not count for the claim after its own: %s', async (mode) => {
      const uid = await world.account();
      await world.script.hold(uid);
      await world.ask(uid, mode);
      await world.script.started(uid);
      const outcome = world.proxy.hold('up', 'modifyRequest');
      await world.script.release(uid);
      const held = await outcome;
      await world.finished(uid, mode);

      await world.script.hold(uid);
      await world.script.exitWith(uid, 33);
      await world.ask(uid, mode);
      await world.script.started(uid, 2);
      const answers = world.proxy.count('down', 'modifyResponse');
      held.forwardLate();
      await expect
        .poll(() => world.proxy.count('down', 'modifyResponse'), { timeout: 20_000 })
        .toBeGreaterThan(answers);
      expect(await attributeOf(world, uid, 'sstProvisioningMode'), world.tell(uid)).toBe(WORDS[mode].inWork);
      expect(await attributeOf(world, uid, 'sstProvisioningState')).toBe('0');

      await world.script.release(uid);
      const failedWith = async () => attributeOf(world, uid, 'sstProvisioningReturnValue');
      await expect.poll(failedWith, { timeout: 20_000 }).toBe('33');
      expect(await attributeOf(world, uid, 'sstProvisioningMode')).toBe(WORDS[mode].inWork);
      expect(world.script.starts(uid)).toHaveLength(2);
    });
  });

  describe('a service that is suspended while its script runs, next to another one', () => {
    let world: World;
    let second: ServiceProcess;
    beforeAll(async () => {
      world = await startWorld({ directory: server.directory, settings: SEVERAL, firstUid: 500 });
      const settings = withSettings(testSettings(world.slapd.url, world.script.command), SEVERAL);
      second = new ServiceProcess(await writeSettings(world.folder, settings, 'second.yaml'));
      await world.connected();
    });
    afterAll(async () => {
      await second.kill9();
      await world.stop();
    });

    it('writes no outcome over the work of the one that took over', { timeout: 150_000 }, async () => {
      const uids = new Map<Mode, string>();
      for (const mode of MODES) uids.set(mode, await world.account());
      for (const [mode, uid] of uids) {
        await world.script.hold(uid);
        await world.script.exitWith(uid, 33);
        await world.ask(uid, mode);
        await world.script.started(uid);
      }
      world.service.signal('SIGSTOP');
      second.start();
      for (const uid of uids.values()) await world.script.started(uid, 2, 60_000);
      for (const uid of uids.values()) await world.script.exitWith(uid, 0);
      world.service.signal('SIGCONT');
      for (const uid of uids.values()) {
        await expect
          .poll(() => world.service.output, { timeout: 20_000 })
          .toMatch(new RegExp(`waiting +${uid} .*lease could not be renewed`));
      }
      for (const uid of uids.values()) await world.script.release(uid);
      for (const [mode, uid] of uids) await world.finished(uid, mode);
      expect(world.script.overlaps()).toEqual([]);
      expect(world.service.output).not.toMatch(/failed +5\d\d/);
    });
  });
});

describe('a claim that another client makes next to the only service', () => {
  const ALONE = {
    script: { timeout: '1s', killGrace: '100ms' },
    // The pause of a shortage is always possible, so it is part of the waiting time.
    retry: { temporary: { attempts: 1, initial: '100ms', max: '100ms' }, script: { attempts: 1 } },
  };
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ settings: ALONE });
    await world.connected();
  });
  afterAll(() => world.stop());

  it('is reported with its writer, left alone through a reconnect, and resumed when no other service can be working', async () => {
    const uid = await world.account();
    await world.slapd.request(uid, 'adding');
    const said = () => expect.poll(() => world.service.output, { timeout: 20_000 });
    await said().toMatch(
      new RegExp(`conflict +${uid} +adding +cn=admin,[^ ]+ claimed the account.*instances: several`),
    );
    await world.slapd.restart();
    await said().toMatch(new RegExp(`refreshed[\\s\\S]*waiting +${uid}[\\s\\S]*refreshed`));
    const other = await world.account();
    await world.ask(other, 'add');
    await world.finished(other, 'add');
    expect(world.script.starts(uid)).toEqual([]);
    await world.finished(uid, 'add', 30_000);
    expect(world.script.starts(uid).map(({ resumed }) => resumed)).toEqual([true]);
    expect(world.service.output.match(new RegExp(`conflict +${uid}`, 'g'))).toHaveLength(1);
  });
});

describe('a failover to a copy of an older state', () => {
  const UUIDS = { deleted: '0b1a2c3d-0000-4000-8000-000000000001', modified: '0b1a2c3d-0000-4000-8000-000000000002' };
  const OLD = { modifyTimestamp: '20260101000000Z', sstProvisioningState: '0' };
  const CSN = '20260101000000.000001Z#000000#000#000000';
  const older = [
    accountLdif('1', {
      ...OLD,
      sstProvisioningMode: 'delete',
      sstIsActive: 'FALSE',
      entryUUID: UUIDS.deleted,
      entryCSN: CSN,
    }),
    accountLdif('2', { ...OLD, sstProvisioningMode: 'modify', entryUUID: UUIDS.modified, entryCSN: CSN }),
  ];
  let folder: string;
  let script: RecordingScript;
  let service: ServiceProcess | undefined;
  const servers: Slapd[] = [];

  afterEach(async () => {
    await service?.kill9();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  it('runs no older delete over a newer add, there, back and after a restart', { timeout: 60_000 }, async () => {
    folder = await mkdtemp(join(tmpdir(), 'older-'));
    script = await RecordingScript.create(folder);
    const present = await startSlapd({ preload: older });
    const copy = await startSlapd({ preload: older });
    servers.push(present, copy);
    await present.request('1', 'add', { sstIsActive: 'TRUE' });
    await present.request('2', 'modify', { description: 'newer' });
    const settings = withSettings(testSettings([present.url, copy.url], script.command), {
      directory: { behindAfter: '1s' },
    });
    const running = new ServiceProcess(await writeSettings(folder, settings));
    service = running;
    running.start();
    await present.waitForMode('1', 'added');
    await present.waitForMode('2', 'modified');

    await present.halt();
    await expect
      .poll(() => running.output, { timeout: 20_000 })
      .toMatch(/waiting +1 +delete .*an older version of the account than is known/);
    await copy.waitForMode('2', 'modified');
    expect(running.output).toMatch(/disconnected .*shows accounts older than they are known/);
    expect(script.starts('2')).toHaveLength(2);
    expect(script.starts('1').map(({ mode }) => mode)).toEqual(['add']);

    await present.start();
    await copy.halt();
    await present.request('1', 'modify');
    await present.waitForMode('1', 'modified');
    await present.halt();
    await copy.start();
    await expect.poll(() => running.output, { timeout: 20_000 }).toMatch(/modified[\s\S]*waiting +1 +delete/);
    expect(script.starts('1').map(({ mode }) => mode)).toEqual(['add', 'modify']);

    // An operator who restarts the service on that server has made the decision.
    await running.terminate();
    running.start();
    await copy.waitForMode('1', 'deleted');
  });
});
