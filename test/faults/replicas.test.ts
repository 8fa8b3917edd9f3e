import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordingScript } from '../support/recording-script.ts';
import { ServiceProcess, testSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startReplica, startReplicatedPair, startSlapd } from '../support/slapd.ts';

let folder: string;
let script: RecordingScript;
let service: ServiceProcess;
const servers: Slapd[] = [];

async function serve(urls: readonly string[]): Promise<void> {
  service = new ServiceProcess(await writeSettings(folder, testSettings(urls, script.command)));
  service.start();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replicas-'));
  script = await RecordingScript.create(folder);
});
afterEach(async () => {
  await service.kill9();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

describe('two providers', () => {
  it('serve one after the other as each of them dies, and agree in the end', async () => {
    const [one, two] = await startReplicatedPair();
    servers.push(one, two);
    await serve([one.url, two.url]);
    for (const uid of ['1', '2', '3']) await one.addAccount(uid);
    await two.waitForMode('3', 'added');
    await one.request('1', 'modify');
    await one.waitForMode('1', 'modified');
    await two.waitForMode('1', 'modified');

    await one.kill9();
    await two.request('2', 'modify');
    await two.waitForMode('2', 'modified');
    await one.start();
    await one.waitForMode('2', 'modified');

    await two.kill9();
    await one.request('3', 'modify');
    await one.waitForMode('3', 'modified');
    await two.start();
    await two.waitForMode('3', 'modified');
    expect(['1', '2', '3'].map((uid) => script.starts(uid).length)).toEqual([1, 1, 1]);
  });

  it('take the outcome of a script that ran while the one that was claimed on died', async () => {
    const [one, two] = await startReplicatedPair();
    servers.push(one, two);
    await one.addAccount('1');
    await two.waitForMode('1', 'added');
    await serve([one.url, two.url]);
    await script.hold('1');
    await one.request('1', 'modify');
    await script.started('1');
    await two.waitForMode('1', 'modifying');
    await one.kill9();
    await script.release('1');
    await two.waitForMode('1', 'modified');
    await one.start();
    await one.waitForMode('1', 'modified');
    expect(script.starts('1')).toHaveLength(1);
  });

  it('take the outcome of a script also where the service is draining as the one in use dies', async () => {
    const [one, two] = await startReplicatedPair();
    servers.push(one, two);
    await one.addAccount('1');
    await one.addAccount('2');
    await two.waitForMode('2', 'added');
    await serve([one.url, two.url]);
    await script.hold('1');
    await one.request('1', 'modify');
    await script.started('1');
    await two.waitForMode('1', 'modifying');
    service.signal('SIGTERM');
    await expect.poll(() => service.output, { timeout: 20_000 }).toContain('draining');
    await one.kill9();
    await two.request('2', 'modify');
    await script.release('1');
    expect(await service.ended()).toBe(0);
    await two.waitForMode('1', 'modified', { timeout: 1_000 });
    expect(script.journal().map(({ what, uid }) => `${what} ${uid}`)).toEqual(['start 1', 'end 1']);
  });
});

describe('a read-only replica', () => {
  it('alone is waited at, with a remedy', async () => {
    const provider = await startSlapd();
    const replica = await startReplica(provider);
    servers.push(provider, replica);
    await serve([replica.url]);
    await provider.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(/provider/);
    expect(service.running).toBe(true);
    expect(script.starts('1')).toHaveLength(0);
  });

  it('next to its provider hands over to it', async () => {
    const provider = await startSlapd();
    const replica = await startReplica(provider);
    servers.push(provider, replica);
    await serve([provider.url, replica.url]);
    await provider.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await provider.waitForMode('1', 'added');
    await provider.halt();
    await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(new RegExp(`connected[^\\n]*${replica.port}`));
    await provider.start();
    await provider.request('1', 'modify');
    await provider.waitForMode('1', 'modified');
    expect(script.starts('1')).toHaveLength(2);
  });
});
