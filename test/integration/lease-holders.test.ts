import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchStatus } from '../../src/operator/fetch-status.ts';
import { LEASES } from '../support/accounts.ts';
import { attempt, type CommandResult } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { parseMetrics } from '../support/parse-metrics.ts';
import { RecordingScript } from '../support/recording-script.ts';
import {
  SEVERAL,
  ServiceProcess,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

let slapd: Slapd;
let folder: string;
let script: RecordingScript;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holders-'));
  script = await RecordingScript.create(folder);
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.kill9()));
  for (const { dn } of await slapd.search(undefined, '(uid=*)')) await slapd.delete(dn);
  for (const { dn } of await slapd.search(LEASES, '(cn=*)', 'one')) await slapd.delete(dn);
  await rm(folder, { recursive: true, force: true });
});

const socketOf = (name: string) => `unix:${join(folder, `${name}.sock`)}`;

/** Starts a service with the configuration of this name. */
async function serve(name: string, several: SettingsFile = SEVERAL): Promise<ServiceProcess> {
  const settings = withSettings(testSettings(slapd.url, script.command), several);
  const service = new ServiceProcess(
    await writeSettings(folder, withSettings(settings, { operator: { listen: socketOf(name) } }), `${name}.yaml`),
  );
  services.push(service);
  service.start();
  await expect.poll(() => service.output, { timeout: 20_000 }).toContain('refreshed');
  return service;
}

const run = (name: string, command: string, ...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, command, '-c', join(folder, `${name}.yaml`), ...args], {
    env: { PATH: process.env['PATH'], TZ: 'UTC' },
  });

/** Two services, of which the first is at work on the account 1, and the second waits for it. */
async function twoServices(): Promise<void> {
  await serve('one');
  await script.hold('1');
  await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  await script.started('1');
  const second = await serve('two');
  await expect.poll(() => second.output, { timeout: 20_000 }).toContain('another service works on the uid');
}

const statusOf = (name: string) => fetchStatus(socketOf(name));

/** The metrics of a service, which `parseMetrics` looks up. */
async function metricsOf(name: string): Promise<ReturnType<typeof parseMetrics>> {
  const asked = request({ socketPath: socketOf(name).slice('unix:'.length), path: '/metrics' }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return parseMetrics(await text(answer));
}

const host = hostname()
  .replace(/[^A-Za-z0-9.-]/g, '-')
  .slice(0, 40)
  .toLowerCase();

describe('with two services, and an account that one of them has in work', () => {
  it('status says who holds it, and how old that is by the own clock', { timeout: 60_000 }, async () => {
    await twoServices();
    const one = await statusOf('one');
    expect(one.leases).toMatchObject({ held: 1, paused: 0, own: [{ uid: '1', is: 'held' }], others: [] });
    expect(one.leases?.oldestRenewalMilliseconds).toBeLessThan(16_000);
    const { leases: two } = await statusOf('two');
    expect(two).toMatchObject({ held: 0, own: [], others: [{ uid: '1', is: 'held', holder: one.leases?.holder }] });
    expect(two?.services).toMatchObject([{ holder: one.leases?.holder, state: 'present', waitedFor: 1 }]);
    expect((await run('two', 'status', '--wide')).stdout).toMatch(
      /others +\S+ \(lock \S+\) is present; 1 account here waits for its leases/,
    );
    expect((await run('two', 'explain', '1')).stdout).toMatch(
      /lease held by .* unchanged for .* by the service's own clock/,
    );
    await services[0]?.kill9();
    await expect
      .poll(async () => (await statusOf('two')).leases?.services, { timeout: 20_000 })
      .toMatchObject([{ holder: one.leases?.holder, state: 'silent' }]);
  });

  it('metrics count what is taken over from a service that was killed', { timeout: 60_000 }, async () => {
    await twoServices();
    expect((await metricsOf('one'))('prov_leases', { condition: 'held' })).toBe(1);
    const waiting = await metricsOf('two');
    expect(waiting('prov_leases', { condition: 'waited_for' })).toBe(1);
    expect(waiting('prov_other_services', { state: 'present' })).toBe(1);
    await services[0]?.kill9();
    await script.started('1', 2, 30_000);
    const value = await metricsOf('two');
    expect([value('prov_lease_takes_total'), value('prov_lease_take_overs_total')]).toEqual([1, 1]);
    expect(value('prov_lease_oldest_renewal_seconds')).toBeLessThan(16);
    await expect
      .poll(async () => (await metricsOf('two'))('prov_lease_renewals_total'), { timeout: 20_000 })
      .toBeGreaterThan(0);
    await script.release('1');
    await slapd.waitForMode('1', 'added');
    await expect.poll(async () => (await metricsOf('two'))('prov_leases', { condition: 'held' })).toBe(0);
  });

  it('verify says which service has it, and of one without a lease that nobody can tell', {
    timeout: 60_000,
  }, async () => {
    await twoServices();
    const holder = (await statusOf('one')).leases?.holder;
    await slapd.addAccount('2', { sstProvisioningMode: 'adding', sstProvisioningState: '0' });
    const { code, stdout } = await run('two', 'verify');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(`in work +1 .*neither finished nor failed yet; ${host} \\(lock \\S+\\) holds its lease`),
    );
    expect(stdout).toMatch(/in work +2 .*; its lease is missing, and does not say who works on it/);
    const json = (await run('two', 'verify', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json.find(({ uid }) => uid === '1')).toMatchObject({ kind: 'in work', lease: { is: 'held', holder } });
    await script.release('1');
  });

  it('explain names its holder, and then that the lease is free', { timeout: 60_000 }, async () => {
    await twoServices();
    const held = await run('two', 'explain', '1');
    expect(held.stdout).toContain(`cn=1,${LEASES}`);
    expect(held.stdout).toContain(`The lease is held by ${host} (lock `);
    expect(held.stdout).toMatch(/a service on this host \(boot \S+, job \S+\): it works on the uid\./);
    expect(held.stdout).toMatch(/According to the directory it was written \d{4}-.*UTC, by the clock of the directory/);
    expect(held.stdout).toMatch(/Next: nothing while its service renews it/);
    await script.release('1');
    await slapd.waitForMode('1', 'added');
    await expect.poll(async () => (await run('two', 'explain', '1')).stdout).toContain('The lease is free');
  });
});

describe('leases that cannot be read', () => {
  it('are named as such by verify and explain, which say the rest', async () => {
    const settings = withSettings(testSettings(slapd.url, script.command), SEVERAL);
    const leases = { ...SEVERAL.leases, base: `ou=none,${LEASES}` };
    await writeSettings(folder, withSettings(settings, { leases }), 'elsewhere.yaml');
    await slapd.addAccount('1', { sstProvisioningMode: 'adding', sstProvisioningState: '0' });
    const verified = await run('elsewhere', 'verify');
    expect(verified).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/in work +1 .*; its lease cannot be read: /),
    });
    expect(verified.stdout).toContain('1 account is in work.');
    const explained = await run('elsewhere', 'explain', '1');
    expect(explained).toMatchObject({ code: 0, stdout: expect.stringContaining('The lease cannot be read: ') });
  });
});

describe('with one service', () => {
  it('leases are not mentioned', { timeout: 60_000 }, async () => {
    await serve('alone', { instances: 'one' });
    await script.hold('1');
    await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await script.started('1');
    for (const command of [
      ['status', '--wide'],
      ['status', '--json'],
      ['explain', '1'],
      ['verify'],
      ['verify', '--json'],
    ]) {
      const [name = '', ...args] = command;
      const { stdout } = await run('alone', name, ...args);
      expect(stdout).toMatch(/\badding\b/);
      expect(stdout).not.toMatch(/lease|others/i);
    }
    await script.release('1');
  });
});
