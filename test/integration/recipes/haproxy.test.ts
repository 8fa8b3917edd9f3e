import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Recipe } from '../../support/fenced-blocks.ts';
import { type Haproxy, startConfiguredHaproxy } from '../../support/haproxy.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import {
  ServiceProcess,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../../support/service-process.ts';
import { type Slapd, startReplicatedPair } from '../../support/slapd.ts';

/** In place of the page's limit of 50 s. */
const IDLE = '1500ms';
const REQUEST = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe('the recipe for haproxy', () => {
  let folder: string;
  let script: RecordingScript;
  let first: Slapd;
  let second: Slapd;
  /** Between haproxy and the first server: it counts what reaches that one. */
  let counter: FaultProxy;
  let haproxy: Haproxy;
  let recipe: Recipe;
  let service: ServiceProcess;

  const start = async (settings: SettingsFile) => {
    const own = { reconcile: { interval: '10m' } };
    const all = withSettings(withSettings(testSettings('', script.command), settings), own);
    service = new ServiceProcess(await writeSettings(folder, all));
    service.start();
    await expect.poll(() => service.output).toContain('refreshed');
  };
  const count = (event: string) => service.output.split('\n').filter((line) => line.includes(` ${event} `)).length;

  beforeAll(async () => {
    [first, second] = await startReplicatedPair();
    counter = await startProxy(first.port);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'haproxy-recipe-'));
    script = await RecordingScript.create(folder);
    haproxy = await startConfiguredHaproxy((port) => {
      recipe = new Recipe('Behind haproxy', {
        '127.0.0.1:3890': `127.0.0.1:${port}`,
        'ldap1.example.org:389': `127.0.0.1:${counter.port}`,
        'ldap2.example.org:389': `127.0.0.1:${second.port}`,
        '50s': IDLE,
      });
      return recipe.block('haproxy');
    });
  });
  afterEach(async () => {
    await service?.kill9();
    await haproxy?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterAll(async () => {
    await counter?.close();
    await first?.stop();
    await second?.stop();
  });

  it('keeps idle connections', async () => {
    await start(recipe.settings());
    expect(recipe.unused).toEqual([]);
    // Each probe comes after half of the idle limit at the earliest, on two connections.
    const held = await counter.hold('down', 'searchDone', 12);
    held.forward();
    await first.addAccount('3724300', REQUEST);
    await first.waitForMode('3724300', 'added');
    expect(count('disconnected')).toBe(0);
  });

  it('goes over to the other server and back', { timeout: 60_000 }, async () => {
    await start(recipe.settings());
    await first.halt();
    await expect.poll(() => count('refreshed')).toBe(2);
    await second.addAccount('3724301', REQUEST);
    await second.waitForMode('3724301', 'added');
    await first.start();
    await expect.poll(() => count('refreshed')).toBe(3);
    await first.addAccount('3724302', REQUEST);
    await first.waitForMode('3724302', 'added');
  });

  it('has the service say why it is cut off where its probes come too late', async () => {
    const settings = withSettings(recipe.settings(), { reconnect: { deadAfter: '60s' } });
    await start(settings);
    const { host } = new URL(haproxy.url);
    const shown = { '127.0.0.1:3890': host, '50 s': '1 s', '50s': '1s' };
    await expect.poll(() => service.output).toContain(new Recipe('Behind haproxy', shown).block('text'));
  });
});
