import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recipe } from '../../support/fenced-blocks.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';
import { type Slapd, startReplicatedPair } from '../../support/slapd.ts';

/** Longer than a lease, and a script that is run again under a new one. */
const TIMEOUT = 60_000;
const UIDS = Array.from({ length: 12 }, (_, index) => String(3_724_300 + index));
/** These are in work when the address moves. */
const HELD = UIDS.slice(0, 4);

describe('the recipe for two services behind one virtual address', () => {
  let folder: string;
  let first: Slapd;
  let second: Slapd;
  let script: RecordingScript;
  let address: FaultProxy;
  const services: ServiceProcess[] = [];

  /** The other server has the address from now on, and resets connections that it does not know. */
  const moveTo = (server: Slapd) => {
    address.retarget(server.port);
    for (const connection of address.open) connection.reset();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'virtual-address-'));
    script = await RecordingScript.create(folder);
    [first, second] = await startReplicatedPair();
    address = await startProxy(first.port);
    const recipe = new Recipe('Two services behind one virtual address', {
      'ldap://ldap.example.org': address.url,
      '60s': '16s',
    });
    const common = withSettings(testSettings('', script.command), { script: { killGrace: '100ms' } });
    const settings = withSettings(common, recipe.settings());
    expect(recipe.unused).toEqual([]);
    for (const name of ['one.yaml', 'two.yaml']) {
      const service = new ServiceProcess(await writeSettings(folder, settings, name));
      services.push(service);
      service.start();
    }
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.kill9()));
    await address?.close();
    await first?.stop();
    await second?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves nothing undone, and runs nothing twice at once, when the address moves', {
    timeout: TIMEOUT,
  }, async () => {
    for (const uid of HELD) await script.hold(uid);
    for (const uid of UIDS) await first.addAccount(uid, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    for (const uid of HELD) await script.started(uid);
    for (const uid of UIDS) await second.waitFor(uid, (entry) => entry !== undefined);
    await first.kill9();
    moveTo(second);
    for (const uid of HELD) await script.release(uid);
    for (const uid of UIDS) await second.waitForMode(uid, 'added', { timeout: TIMEOUT });
    expect(script.overlaps()).toEqual([]);
  });

  it('does so too when it moves back', { timeout: TIMEOUT }, async () => {
    await first.start();
    for (const uid of UIDS) await first.waitForMode(uid, 'added', { timeout: TIMEOUT });
    moveTo(first);
    for (const uid of UIDS) await first.request(uid, 'modify');
    for (const uid of UIDS) await first.waitForMode(uid, 'modified', { timeout: TIMEOUT });
    expect(script.overlaps()).toEqual([]);
  });
});
