import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/lock/lock-table.ts';
import { signalGroup } from '../../src/script/process-group.ts';
import { accountAttributes, BASE, LEASES } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { type Directory389, start389 } from '../support/directory-389.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { RecordingScript } from '../support/recording-script.ts';
import {
  ServiceProcess,
  type ServiceProcessOptions,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../support/service-process.ts';
import { type Slapd, startReplicatedPair, startSlapd } from '../support/slapd.ts';
import type { TestDirectory } from '../support/test-directory.ts';

const UNIT = `ou=Zürich\\, West,${BASE}`;
const REFUSED = /runs on this host already/;

let folder: string;
let script: RecordingScript;
let services: ServiceProcess[];
let made: number;

interface Given {
  readonly url: string;
  readonly base?: string;
  readonly settings?: SettingsFile;
  readonly flags?: readonly string[];
  readonly process?: ServiceProcessOptions;
}

interface Made {
  readonly process: ServiceProcess;
  readonly log: string;
}

/** Makes a service without starting it. */
async function make({ url, base = UNIT, settings = {}, flags = ['--debug'], process }: Given): Promise<Made> {
  made += 1;
  const log = join(folder, `${made}.log`);
  const config = `${made}.yaml`;
  const own = withSettings(testSettings(url, script.command), { directory: { base }, log: { file: log } });
  const service = new ServiceProcess(await writeSettings(folder, withSettings(own, settings), config), flags, process);
  services.push(service);
  return { process: service, log };
}

const subscribed = (one: ServiceProcess) => expect.poll(() => one.output, { timeout: 20_000 }).toMatch(/ refreshed /);

async function run(given: Given): Promise<ServiceProcess> {
  const { process } = await make(given);
  process.start();
  await subscribed(process);
  return process;
}

/** Starts a service and expects that it ends by itself before it works on an account. */
async function expectRefusal(given: Given): Promise<void> {
  const { process: second, log } = await make(given);
  second.start();
  expect(await second.ended(), second.output).toBe(1);
  expect(second.output).toMatch(/^a service for the same accounts runs on this host already: process \d+/m);
  expect(readFileSync(log, 'utf8')).toMatch(
    /"error","message":"a service for .* runs on this host already: .*; stop it first, or set instances: several/,
  );
  expect(second.output).not.toMatch(/ (refreshing|queued|claimed|resumed) /);
}

/** The same for many services, four at a time. */
async function expectRefusals(all: readonly Given[]): Promise<void> {
  const left = [...all];
  while (left.length > 0) await Promise.all(left.splice(0, 4).map(expectRefusal));
}

async function addUnit(directory: TestDirectory): Promise<void> {
  await directory.add(UNIT, { objectClass: 'organizationalUnit', ou: 'Zürich, West' });
}

/** Adds an account below the unit whose script runs until it is released. */
async function inWork(directory: TestDirectory, uid: string): Promise<void> {
  await script.hold(uid);
  const attributes = accountAttributes(uid, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  await directory.add(`uid=${uid},${UNIT}`, attributes);
  await script.started(uid);
}

async function mode(directory: TestDirectory, uid: string): Promise<string | undefined> {
  const entry = await directory.readEntry(`uid=${uid},${UNIT}`);
  return entry?.values('sstProvisioningMode')[0]?.toString();
}

async function finish(directory: TestDirectory, uid: string): Promise<void> {
  await script.release(uid);
  await expect.poll(() => mode(directory, uid), { timeout: 20_000 }).toBe('added');
  expect(script.starts(uid)).toHaveLength(1);
  expect(script.overlaps()).toEqual([]);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  script = await RecordingScript.create(folder);
  services = [];
  made = 0;
});
afterEach(async () => {
  for (const each of services) await each.kill9();
  await rm(folder, { recursive: true, force: true });
});

/** Other spellings of the base; slapd accepts all of them. */
const SPELLINGS: ReadonlyArray<readonly [string, string]> = [
  ['as it is', UNIT],
  ['in capitals', UNIT.toUpperCase()],
  ['with \\2C for \\,', UNIT.replace('\\,', '\\2C')],
  ['with UTF-8 in hex', UNIT.replace('ü', '\\C3\\BC')],
  ['with a letter in hex', UNIT.replace('Z', '\\5a')],
  ['with blanks beside its separators', UNIT.replaceAll(/(?<!\\),/g, ' , ').replaceAll('=', ' = ')],
  ['with an OID for a type', UNIT.replace('ou=', '2.5.4.11=')],
  ['with long names for types', UNIT.replaceAll('ou=', 'organizationalUnitName=')],
];
/** 389-ds finds no entry by these. */
const FOR_SLAPD_ALONE = /OID|long names/;

describe('a second service on the same host, with slapd', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ alsoAt: ['[::1]'] });
    await addUnit(slapd);
    await slapd.add(`ou=below,${UNIT}`, { objectClass: 'organizationalUnit', ou: 'below' });
  });
  afterAll(() => slapd.stop());
  afterEach(async () => {
    for (const { dn } of await slapd.search(UNIT, '(uid=*)')) await slapd.delete(dn);
  });

  it('is refused however it writes URL and base, and never runs a script', { timeout: 120_000 }, async () => {
    const { url, port, ldapiUrl } = slapd;
    const first = await run({ url });
    await inWork(slapd, '1');
    const urls = [
      `${url}/`,
      `LDAP://LocalHost:${port}`,
      `ldap://localhost:${port}/`,
      `ldap://[::1]:${port}/`,
      ldapiUrl,
    ];
    const inCapitals = UNIT.replace('\\,', '\\2C').toUpperCase();
    await expectRefusals([
      ...urls.map((each) => ({ url: each })),
      ...SPELLINGS.map(([, base]) => ({ url, base })),
      { url: ldapiUrl, base: inCapitals },
    ]);
    await finish(slapd, '1');
    expect(await first.terminate()).toBe(0);
    await run({ url: ldapiUrl });
  });

  it('is refused above and below the base of the first, but not next to it', { timeout: 60_000 }, async () => {
    const first = await run({ url: slapd.url });
    await inWork(slapd, '1');
    await expectRefusals([BASE, `ou=below,${UNIT}`].map((base) => ({ url: slapd.ldapiUrl, base })));
    const beside = `ou=beside,${BASE}`;
    await slapd.add(beside, { objectClass: 'organizationalUnit', ou: 'beside' });
    await run({ url: slapd.url, base: beside });
    await finish(slapd, '1');
    expect(first.running).toBe(true);
  });

  it('is refused in another network namespace', async () => {
    await run({ url: slapd.url });
    await inWork(slapd, '1');
    await expectRefusal({ url: slapd.ldapiUrl, process: { through: ['unshare', '-n'] } });
    await finish(slapd, '1');
  });

  it('is refused where one of the two says one, and not where both say several', { timeout: 60_000 }, async () => {
    const several = { instances: 'several', leases: { base: LEASES } };
    const one = await run({ url: slapd.url });
    await expectRefusal({ url: slapd.ldapiUrl, settings: several });
    expect(await one.terminate()).toBe(0);
    const first = await run({ url: slapd.url, settings: several });
    await run({ url: slapd.ldapiUrl, base: BASE, settings: several });
    await expectRefusals([{ url: slapd.ldapiUrl }, { url: slapd.url, base: `ou=below,${UNIT}` }]);
    expect(first.running).toBe(true);
  });

  it('runs next to it if it changes nothing', async () => {
    await run({ url: slapd.url });
    const dry = await run({ url: slapd.url, flags: ['--debug', '--dry-run'] });
    await run({ url: slapd.url, flags: ['--debug', '--dry-run'] });
    expect(dry.running).toBe(true);
  });

  it('is refused when the directory comes, where that was away at the start', { timeout: 60_000 }, async () => {
    await inWorkBefore(slapd, '1');
    await slapd.halt();
    const one = await make({ url: slapd.url });
    const other = await make({ url: slapd.ldapiUrl, base: UNIT.toUpperCase() });
    const both = [one.process, other.process];
    for (const each of both) each.start();
    for (const each of both) await expect.poll(() => each.output, { timeout: 20_000 }).toContain(' reconnecting ');
    expect(both.map(({ running }) => running)).toEqual([true, true]);
    await slapd.start();
    const left = await Promise.race(
      both.map(async (each) => each.ended().then(() => both.find((other) => other !== each))),
    );
    expect(both.map(({ running }) => running).toSorted()).toEqual([false, true]);
    expect(both.find(({ running }) => !running)?.output).toMatch(REFUSED);
    await expect.poll(() => left?.output, { timeout: 20_000 }).toMatch(/ refreshed /);
    await finish(slapd, '1');
  });

  it.each(['none', 'auto'])(
    'starts at once when the first was killed, though its script lives on (launcher: %s)',
    async (launcher) => {
      const settings = { script: { launcher } };
      const first = await run({ url: slapd.url, settings });
      await inWork(slapd, '1');
      const record = await recordOf(first.pid);
      expect((await attempt('flock', ['-n', record, 'true'])).code).toBe(1);
      const [start] = script.starts('1');
      await first.kill9();
      if (launcher === 'none') expect(signalGroup(start?.pid ?? 0, 'SIGCONT')).toBe(true);
      expect((await attempt('flock', ['-n', record, 'true'])).code).toBe(0);
      await run({ url: slapd.ldapiUrl, settings });
      await script.started('1', 2);
      await script.release('1');
      await expect.poll(() => mode(slapd, '1'), { timeout: 20_000 }).toBe('added');
      expect(script.overlaps()).toEqual([]);
    },
  );
});

describe('a base that is deleted and created again', () => {
  let slapd: Slapd;
  let proxy: FaultProxy;
  beforeEach(async () => {
    slapd = await startSlapd();
    await addUnit(slapd);
    proxy = await startProxy(slapd.port);
  });
  afterEach(async () => {
    await proxy.close();
    await slapd.stop();
  });

  async function makeAnew(): Promise<void> {
    for (const { dn } of await slapd.search(UNIT, '(uid=*)')) await slapd.delete(dn);
    await slapd.delete(UNIT);
    await addUnit(slapd);
  }

  it('is locked while the connection stands, and a second service refused', async () => {
    const first = await run({ url: slapd.url });
    await makeAnew();
    await expect
      .poll(() => first.output, { timeout: 20_000 })
      .toMatch(/lock was taken again.*another entry now, entryUUID/);
    await inWork(slapd, '1');
    await expectRefusal({ url: slapd.ldapiUrl });
    await finish(slapd, '1');
  });

  it('is locked at once against every service that names the same server', async () => {
    await run({ url: proxy.url });
    await proxy.refuse();
    for (const connection of proxy.open) connection.reset();
    await makeAnew();
    await proxy.accept();
    await expectRefusal({ url: proxy.url });
  });

  it('ends the service that comes back to it too late, before that works on anything there', async () => {
    const first = await run({ url: proxy.url });
    await proxy.refuse();
    for (const connection of proxy.open) connection.reset();
    await makeAnew();
    await run({ url: slapd.ldapiUrl });
    await inWork(slapd, '1');
    await proxy.accept();
    expect(await first.ended()).toBe(1);
    expect(first.output).toMatch(REFUSED);
    await finish(slapd, '1');
  });
});

describe('a second service at another server of the same directory', () => {
  it('is refused', async () => {
    const [one, two] = await startReplicatedPair();
    try {
      await addUnit(one);
      await expect.poll(() => two.readEntry(UNIT), { timeout: 20_000 }).toBeDefined();
      await run({ url: one.url });
      await inWork(one, '1');
      await expectRefusal({ url: two.url });
      await finish(one, '1');
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });
});

describe('a second service on the same host, with 389-ds', () => {
  let directory: Directory389;
  beforeAll(async () => {
    directory = await start389();
    await addUnit(directory);
  });
  afterAll(() => directory.remove());

  it('is refused however it writes URL and base, above and below, and never runs a script', {
    timeout: 120_000,
  }, async () => {
    const { url, port } = directory;
    await run({ url });
    await inWork(directory, '1');
    const spellings = SPELLINGS.filter(([how]) => !FOR_SLAPD_ALONE.test(how));
    await expectRefusals([
      { url: `ldap://LOCALHOST:${port}/`, base: BASE },
      ...spellings.map(([, base]) => ({ url, base })),
    ]);
    await finish(directory, '1');
  });
});

/** Adds an account below the unit that is in work, for a service to resume. */
async function inWorkBefore(directory: TestDirectory, uid: string): Promise<void> {
  const attributes = accountAttributes(uid, { sstProvisioningMode: 'adding', sstProvisioningState: '0' });
  await directory.add(`uid=${uid},${UNIT}`, attributes);
}

/** The lock record of a process. */
async function recordOf(pid: number | undefined): Promise<string> {
  const locks = await lockFolder();
  const files = readdirSync(locks).map((name) => join(locks, name));
  const found = files.find((file) => readFileSync(file, 'utf8').includes(`"pid":${pid},`));
  expect(found).toBeDefined();
  return found ?? '';
}
