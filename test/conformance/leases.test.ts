import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load-config.ts';
import { presentText } from '../../src/domain/presence.ts';
import { leaseStore } from '../../src/ldap/lease-store.ts';
import { type DirectoryOperations, operationsAt } from '../../src/ldap/operations.ts';
import { checkLeases } from '../../src/preflight/leases.ts';
import { BASE, LEASES, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { SEVERAL, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import type { TestDirectory } from '../support/test-directory.ts';
import { type ConformingServer, SERVERS } from './servers.ts';

const REAL = SERVERS.filter(({ name }) => !name.includes('embedded'));

describe.each(REAL)('leases on $name', ({ start, fencing }: ConformingServer) => {
  let directory: TestDirectory;
  let stop: () => Promise<void>;
  let operations: DirectoryOperations;
  let folder: string;
  const store = () => leaseStore(operations, LEASES);

  beforeAll(async () => {
    ({ directory, stop } = await start());
    folder = await mkdtemp(join(tmpdir(), 'leases-'));
    const { url } = directory.login;
    const readPassword = () => Promise.resolve(SERVICE_PASSWORD);
    const authentication = { method: 'simple', dn: SERVICE_DN, readPassword } as const;
    const tls = { caFile: null, client: null };
    const access = { urls: [url], startTls: false, tls, authentication, timeoutMilliseconds: 5_000 };
    operations = operationsAt(access, url, BASE);
  });
  afterEach(async () => {
    for (const { dn } of await directory.search(LEASES, '(cn=*)', 'one')) await directory.delete(dn);
  });
  afterAll(async () => {
    operations.close();
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are added once, and read', async () => {
    expect(await store().read('a')).toBeUndefined();
    await store().add('a', 'held one job 1 60000');
    await expect(store().add('a', 'held two job 2 60000')).rejects.toMatchObject({ resultCode: 68 });
    expect(await store().read('a')).toEqual(['held one job 1 60000']);
  });

  it('are swapped by a writer that names the present value', async () => {
    await store().add('a', 'free');
    const both = ['held one job 1 60000', 'held two job 2 60000'].map((value) => store().swap('a', 'free', value));
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { resultCode: 16 } });
    await expect(store().swap('b', 'free', 'left')).rejects.toMatchObject({ resultCode: 32 });
    expect(await store().read('a')).toHaveLength(1);
  });

  it('are listed by their names, in any case', async () => {
    await store().add('a', 'free');
    await store().add('b@example.org', 'left');
    const found = await store().list(['a', 'B@example.org', 'c']);
    expect(Object.fromEntries(found)).toEqual({ a: ['free'], 'b@example.org': ['left'] });
  });

  it('are shown with the time of their last write, as the directory says it', async () => {
    await store().add('a', 'held one job 1 60000');
    const shown = await store().show(['A', 'b']);
    expect([...shown.keys()]).toEqual(['a']);
    expect(shown.get('a')).toMatchObject({ lease: { is: 'held', holder: 'one' }, writtenAt: expect.any(Number) });
  });

  it('show the services that are present, with the server that took their last write', async () => {
    await store().add('a', 'free');
    await store().announce('.present one', presentText('one', 'turn', 10_000));
    await store().announce('.present two', presentText('two', 'turn', 10_000));
    await store().announce('.present two', 'gone');
    const [only, ...others] = await store().presences();
    expect(others).toEqual([]);
    expect(only).toMatchObject({ holder: 'one', duration: 10_000 });
    expect(only?.serverId).toEqual(fencing === 'version' ? expect.stringMatching(/^[0-9a-f]{3}$/) : undefined);
  });

  async function check(base: string) {
    const over = withSettings(SEVERAL, { leases: { ...SEVERAL.leases, base } });
    const settings = withSettings(testSettings(directory.login.url, ['/bin/true']), over);
    const read = await loadConfig(await writeSettings(folder, settings), {});
    const [line, ...more] = await checkLeases(read, operations);
    expect(more).toEqual([]);
    return line;
  }

  it('are tried by check, which says what to grant', async () => {
    expect(await check(LEASES)).toMatchObject({ verdict: 'ok', found: expect.stringContaining('0 services') });
    expect(await check(LEASES)).toMatchObject({ verdict: 'ok' });
    expect(await check(BASE)).toMatchObject({ verdict: 'fail', remedy: expect.stringContaining(SERVICE_DN) });
  });
});
