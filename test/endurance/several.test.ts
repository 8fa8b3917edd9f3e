import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BASE, manyAccounts } from '../support/accounts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingScript } from '../support/recording-script.ts';
import { SEVERAL, ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { SCALE } from './scale.ts';

const HOUR = 3_600_000;
const ACCOUNTS = 100 * SCALE;
const FIRST = 3_000_000;
const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const TIMEOUT = 60_000 * SCALE;

let folder: string;
let slapd: Slapd;
let script: RecordingScript;
let clock: FakeClock;
let first: ServiceProcess;
let second: ServiceProcess;

async function setUp(accounts: number): Promise<string[]> {
  folder = await mkdtemp(join(tmpdir(), 'several-'));
  slapd = await startSlapd({ preload: manyAccounts(accounts, OPEN, FIRST) });
  script = await RecordingScript.create(folder);
  const settings = withSettings(testSettings(slapd.url, script.command), SEVERAL);
  first = new ServiceProcess(await writeSettings(folder, settings, 'first.yaml'));
  second = new ServiceProcess(await writeSettings(folder, settings, 'second.yaml'));
  clock = new FakeClock(join(folder, 'clock'));
  return Array.from({ length: accounts }, (_, index) => String(FIRST + index));
}

async function allAdded(uids: readonly string[]): Promise<void> {
  const owed = '(&(objectClass=sstProvisioning)(!(sstProvisioningMode=added)))';
  await expect.poll(async () => (await slapd.search(BASE, owed)).length, { timeout: TIMEOUT, interval: 100 }).toBe(0);
  expect(await slapd.search(BASE, '(sstProvisioningState=0)')).toEqual([]);
  expect(new Set(script.journal().map(({ uid }) => uid))).toEqual(new Set(uids));
}

afterEach(async () => {
  await Promise.all([first.kill9(), second.kill9()]);
  await slapd.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('two services, one of them with a clock that is an hour ahead', () => {
  it('started at once on open accounts, run one script for each', { timeout: TIMEOUT }, async () => {
    const uids = await setUp(ACCOUNTS);
    clock.setBy(HOUR);
    first.start();
    second.start(clock.environment);
    await allAdded(uids);
    expect(script.journal().filter(({ what }) => what === 'start')).toHaveLength(ACCOUNTS);
    expect(script.overlaps()).toEqual([]);
  });

  it('take over from a killed one when its lease has not changed for as long as it says', {
    timeout: TIMEOUT,
  }, async () => {
    const [uid = ''] = await setUp(1);
    clock.setBy(HOUR);
    await script.hold(uid);
    first.start();
    await script.started(uid);
    second.start(clock.environment);
    await expect.poll(() => second.output, { timeout: 20_000 }).toContain('holds its lease');
    await first.kill9();
    await script.started(uid, 2);
    await script.release(uid);
    await allAdded([uid]);
    expect(script.starts(uid).map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(script.overlaps(), second.output).toEqual([]);
  });
});

describe('two services, one of them with a clock that is an hour behind, killed in turn', () => {
  it('finish everything, and never run two scripts of one account at once', { timeout: TIMEOUT }, async () => {
    const uids = await setUp(ACCOUNTS);
    clock.setBy(-HOUR);
    first.start();
    second.start(clock.environment);
    const kills = 4;
    for (let kill = 0; kill < kills; kill += 1) {
      const victim = kill % 2 === 0 ? first : second;
      const { length } = script.journal();
      await script.until(() => script.journal().length >= Math.min(length + ACCOUNTS / 5, 2 * ACCOUNTS), 'some work');
      await victim.kill9();
      victim.start(victim === second ? clock.environment : {});
    }
    await allAdded(uids);
    expect(script.overlaps()).toEqual([]);
    // A kill interrupts at most the accounts that the killed service had in work.
    const runs = script.journal().filter(({ what }) => what === 'start').length;
    expect(runs).toBeLessThanOrEqual(ACCOUNTS + kills * 8);
  });
});

describe('a service alone', () => {
  beforeEach(() => setUp(0));

  it('lets another one work below another base of the same directory', { timeout: TIMEOUT }, async () => {
    const one = testSettings(slapd.url, script.command);
    const below = async (ou: string): Promise<ServiceProcess> => {
      const base = `ou=${ou},${BASE}`;
      await slapd.add(base, { objectClass: 'organizationalUnit', ou });
      return new ServiceProcess(await writeSettings(folder, withSettings(one, { directory: { base } }), `${ou}.yaml`));
    };
    first = await below('here');
    second = await below('elsewhere');
    first.start();
    second.start();
    for (const service of [first, second]) {
      await expect.poll(() => service.output, { timeout: 20_000 }).toContain('refreshed');
    }
    expect(await second.terminate()).toBe(0);
    expect(await first.terminate()).toBe(0);
  });
});
