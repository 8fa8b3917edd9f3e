import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recipe } from '../../support/fenced-blocks.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const TITLE = 'Firewalls that drop silently';
const REQUEST = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe('the recipe for firewalls that drop silently', () => {
  let folder: string;
  let slapd: Slapd;
  let script: RecordingScript;
  /** In place of the firewall. */
  let proxy: FaultProxy;
  let service: ServiceProcess;

  /** Drops everything on all connections from now on. New ones pass. */
  const forget = () => {
    for (const { up, down } of proxy.open) {
      up.swallow();
      down.swallow();
    }
  };
  const refreshed = () => service.output.match(/ refreshed /g)?.length ?? 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firewall-recipe-'));
    script = await RecordingScript.create(folder);
    slapd = await startSlapd();
    proxy = await startProxy(slapd.port);
    const recipe = new Recipe(TITLE, { '60s': '2s' });
    const settings = withSettings(testSettings(proxy.url, script.command), recipe.settings());
    service = new ServiceProcess(await writeSettings(folder, settings));
    service.start();
  });
  afterAll(async () => {
    await service?.kill9();
    await proxy?.close();
    await slapd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps idle connections in use', async () => {
    await expect.poll(refreshed).toBe(1);
    const asked = proxy.count('up', 'searchRequest');
    await expect.poll(() => proxy.count('up', 'searchRequest')).toBeGreaterThan(asked + 4);
    expect(service.output).not.toContain(' disconnected ');
  });

  it('has a connection given up on which nothing comes, as the page says', async () => {
    forget();
    await slapd.addAccount('3724300', REQUEST);
    await slapd.waitForMode('3724300', 'added');
    const { host } = new URL(proxy.url);
    const said = new Recipe(TITLE, { 'ldap1.example.org': host, '60000 ms': '2000 ms' }).block('text');
    expect(service.output).toContain(said.trim());
  });

  it('has the outcome of a script written when the service is connected again', async () => {
    const before = refreshed();
    await script.hold('3724301');
    await slapd.addAccount('3724301', REQUEST);
    await script.started('3724301');
    forget();
    await script.release('3724301');
    await slapd.waitForMode('3724301', 'added');
    expect(script.starts('3724301')).toHaveLength(1);
    await expect.poll(refreshed).toBeGreaterThan(before);
  });
});
