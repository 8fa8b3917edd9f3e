import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { start389 } from '../support/directory-389.ts';
import { RecordingScript } from '../support/recording-script.ts';
import { SEVERAL, ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { startReplicatedPair, startSlapd } from '../support/slapd.ts';
import type { TestDirectory } from '../support/test-directory.ts';
import type { RestartableDirectory } from './world.ts';

let folder: string;
let script: RecordingScript;
const services: ServiceProcess[] = [];
const endings: Array<() => Promise<void>> = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leases-'));
  script = await RecordingScript.create(folder);
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.kill9()));
  for (const end of endings.splice(0)) await end();
  await rm(folder, { recursive: true, force: true });
});

/** A service on the server with this URL. */
async function serve(url: string): Promise<ServiceProcess> {
  const settings = withSettings(testSettings(url, script.command), SEVERAL);
  const service = new ServiceProcess(await writeSettings(folder, settings, `${services.length}.yaml`));
  services.push(service);
  service.start();
  await expect.poll(() => service.output, { timeout: 20_000 }).toContain('refreshed');
  return service;
}

async function accounts(directory: TestDirectory, from: number, count: number): Promise<string[]> {
  const uids = Array.from({ length: count }, (_, index) => String(from + index));
  for (const uid of uids) await directory.addAccount(uid);
  return uids;
}

const starts = () => script.journal().filter(({ what }) => what === 'start');

describe('what a service leaves', () => {
  it('is taken up by another one at once, when it stops in the middle of a script', { timeout: 60_000 }, async () => {
    const slapd = await startSlapd();
    endings.push(() => slapd.stop());
    const first = await serve(slapd.url);
    await script.hold('1');
    await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await script.started('1');
    await serve(slapd.url);
    const stopping = first.terminate();
    await expect.poll(() => first.output).toContain('draining');
    first.signal('SIGTERM');
    await script.started('1', 2, 5_000);
    await stopping;
    await script.release('1');
    await slapd.waitForMode('1', 'added');
    expect(script.starts('1').map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(script.overlaps()).toEqual([]);
  });
});

describe('services on two masters', () => {
  it('say so within seconds, and only one of them goes on', { timeout: 60_000 }, async () => {
    const [one, two] = await startReplicatedPair();
    endings.push(
      () => one.stop(),
      () => two.stop(),
    );
    const both = [await serve(one.url), await serve(two.url)];
    const told = () => both.filter(({ output }) => output.includes('between which no lease holds'));
    await expect.poll(() => told().length, { timeout: 5_000 }).toBe(2);
    expect(both.filter(({ output }) => output.includes('this service waits'))).toHaveLength(1);
    const uids = await accounts(one, 1, 20);
    for (const uid of uids) await one.request(uid, 'add');
    for (const uid of uids) await one.waitForMode(uid, 'added', { timeout: 30_000 });
    expect(starts()).toHaveLength(uids.length);
  });
});

interface Server {
  readonly directory: RestartableDirectory;
  readonly stop: () => Promise<void>;
}

const SERVERS: ReadonlyArray<{ readonly name: string; readonly start: () => Promise<Server> }> = [
  {
    name: 'slapd',
    start: async () => {
      const directory = await startSlapd();
      return { directory, stop: () => directory.stop() };
    },
  },
  {
    name: '389-ds',
    start: async () => {
      const directory = await start389();
      return { directory, stop: () => directory.remove() };
    },
  },
];

describe.each(SERVERS)('four services on one $name', ({ start }) => {
  it('lose nothing and run nothing twice, as they and their server are killed', { timeout: 150_000 }, async () => {
    const { directory, stop } = await start();
    endings.push(stop);
    const four = [];
    for (let count = 0; count < 4; count += 1) four.push(await serve(directory.url));
    const uids = await accounts(directory, 1, 60);
    for (const [index, uid] of uids.entries()) {
      await directory.request(uid, 'add');
      const victim = four[index % 4];
      if (index % 12 !== 5 || victim === undefined) continue;
      await victim.kill9();
      victim.start();
      if (index === 29) {
        await directory.kill9();
        await directory.start();
      }
    }
    for (const uid of uids) await directory.waitForMode(uid, 'added', { timeout: 60_000 });
    expect(script.overlaps()).toEqual([]);
    // A kill interrupts at most the accounts that the killed service had in work.
    expect(starts().length).toBeLessThanOrEqual(uids.length + 5 * 8 + 4 * 8);
  });
});
