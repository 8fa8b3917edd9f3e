import { concat, filter, firstValueFrom, NEVER, of, ReplaySubject } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SwitchReading } from '../../src/domain/switch.ts';
import { OnDemandConnection } from '../../src/ldap/connection-source.ts';
import { DirectoryOperations } from '../../src/ldap/operations.ts';
import { readSwitch } from '../../src/ldap/switch-entry.ts';
import { watchSwitch } from '../../streams/switch.ts';
import { accountDn, BASE, SERVICE_DN, SERVICES } from '../support/accounts.ts';
import { type Changes, subscribe, subscription } from '../support/changes.ts';
import { type Directory389, RETRIED_AFTER_CRASH, start389 } from '../support/directory-389.ts';
import { startProxy } from '../support/proxy.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const DONE = { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' };

describe('a real 389-ds', RETRIED_AFTER_CRASH, () => {
  let directory: Directory389;
  let changes: Changes | undefined;
  const watch = async (overrides: Parameters<typeof subscribe>[1]) => {
    changes = subscribe(directory.url, overrides);
    await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
    return changes;
  };

  beforeAll(async () => {
    directory = await start389();
  });
  afterEach(async () => {
    await directory.assertRunning();
    changes?.stop();
    changes = undefined;
    for (const entry of await directory.search(BASE, '(uid=*)')) await directory.delete(entry.dn);
  });
  afterAll(() => directory.remove());

  it.each(['syncrepl', 'persistentSearch'] as const)(
    'sends the open accounts first and then the changes, by %s',
    async (protocol) => {
      await directory.addAccount('1', OPEN);
      await directory.addAccount('2', DONE);
      const seen = await watch({ protocol });
      // The content of the persistent search comes in its own time, also after that of the list.
      expect(seen.short).toContain('refreshed 1');
      expect(seen.short).toContain('refresh uid=1');
      expect(seen.short).not.toContain('refresh uid=2');
      expect(seen.all[0]).toMatchObject({
        kind: 'connected',
        protocol,
        server: expect.stringContaining('389-Directory/'),
      });
      await directory.addAccount('3', OPEN);
      await seen.emitted('add uid=3');
      await directory.modify(accountDn('3'), { sstProvisioningMode: 'adding' });
      await seen.emitted('modify uid=3');
      await directory.delete(accountDn('3'));
      await seen.emitted('left uid=3');
    },
  );

  it('tells by syncrepl that an account left the open ones and came back, and its new name', async () => {
    await directory.addAccount('4', OPEN);
    const seen = await watch({ protocol: 'syncrepl' });
    await directory.modify(accountDn('4'), DONE);
    await seen.emitted('left uid=4');
    await directory.request('4', 'modify');
    await seen.emitted('add uid=4');
    await directory.rename(accountDn('4'), `uid=44,${BASE}`);
    await seen.emitted('modify uid=44');
  });

  it('tells by persistent search that an account opened, and that it was renamed', async () => {
    await directory.addAccount('5', DONE);
    const seen = await watch({ protocol: 'persistentSearch' });
    await directory.request('5', 'modify');
    await seen.emitted('modify uid=5');
    await directory.rename(accountDn('5'), `uid=55,${BASE}`);
    await seen.emitted('rename uid=55');
  });

  it.each(['syncrepl', 'persistentSearch'] as const)('tells of a change of the switch alone, by %s', async (name) => {
    await directory.addAccount('6', DONE);
    const [dn, attribute] = [accountDn('6'), 'sstIsActive'];
    const { access } = subscription(directory.url);
    const requests = new OnDemandConnection(access, directory.url);
    const operations = new DirectoryOperations({ connections: requests, base: BASE, timeoutMilliseconds: 10_000 });
    const readings = new ReplaySubject<SwitchReading>();
    const watching = watchSwitch({
      dn,
      attribute,
      protocol$: concat(of(name), NEVER),
      connection: () => requests.connection(),
      read: () => readSwitch(operations, { dn, attribute }),
    }).subscribe(readings);
    try {
      await firstValueFrom(readings.pipe(filter(({ is }) => is === 'on')));
      const before = performance.now();
      await directory.modify(dn, { sstIsActive: 'FALSE' });
      await firstValueFrom(readings.pipe(filter(({ is }) => is === 'off')));
      // Sooner than it would be read anyway.
      expect(performance.now() - before).toBeLessThan(5_000);
    } finally {
      watching.unsubscribe();
      operations.close();
    }
  });

  it('is watched by syncrepl where the choice is automatic', async () => {
    const seen = await watch({ protocol: 'auto' });
    expect(seen.all[0]).toMatchObject({ protocol: 'syncrepl', server: expect.stringContaining('auto chose syncrepl') });
  });

  it('ends a persistent search below a base that does not exist with what to check', async () => {
    const error = await subscribe(directory.url, {
      protocol: 'persistentSearch',
      base: `ou=nowhere,${SERVICES}`,
    }).ended();
    expect(error.remedy).toContain('directory.base');
  });

  it('falls silent over a base that does not exist by syncrepl, and is given up with what to check', async () => {
    const overrides = { protocol: 'syncrepl', base: `ou=nowhere,${SERVICES}`, deadAfterMilliseconds: 1_000 } as const;
    const error = await subscribe(directory.url, overrides).ended();
    expect(error.message).toContain('no progress');
    expect(error.remedy).toContain('directory.base');
  });

  it('with a size limit is never taken for complete, whichever the protocol', async () => {
    for (const uid of ['6', '7', '8']) await directory.addAccount(uid, OPEN);
    await directory.modify(SERVICE_DN, { nsSizeLimit: '1' });
    try {
      const silent = await subscribe(directory.url, { protocol: 'syncrepl', deadAfterMilliseconds: 1_000 }).ended();
      expect(silent.remedy).toContain('nsSizeLimit');
      const persistent = subscribe(directory.url, { protocol: 'persistentSearch' });
      expect(await persistent.ended()).toMatchObject({ resultCode: 4, remedy: expect.stringContaining('nsSizeLimit') });
      expect(persistent.short.some((what) => what.startsWith('refreshed'))).toBe(false);
    } finally {
      await directory.modify(SERVICE_DN, { nsSizeLimit: '-1' });
    }
  });

  it('ends the subscription when it is restarted, and lists the open accounts again', async () => {
    await directory.addAccount('9', OPEN);
    const seen = await watch({ protocol: 'syncrepl' });
    await directory.restart();
    expect((await seen.ended()).remedy).toEqual(expect.any(String));
    await watch({ protocol: 'auto' });
    expect(changes?.short).toContain('refresh uid=9');
  });

  it('that does not end its refresh is watched by persistent search, and the choice says why', async () => {
    const proxy = await startProxy(directory.port);
    try {
      await directory.addAccount('11', OPEN);
      const end = proxy.hold('down', 'intermediateResponse');
      const seen = subscribe(proxy.url, { protocol: 'auto', deadAfterMilliseconds: 1_000 });
      changes = seen;
      (await end).drop();
      await seen.emitted('refreshed 1');
      const connected = seen.all.filter(({ kind }) => kind === 'connected');
      expect(connected).toMatchObject([
        { protocol: 'syncrepl' },
        {
          protocol: 'persistentSearch',
          server: expect.stringMatching(/did not end the refresh.*directory\.subscription: persistentSearch/),
        },
      ]);
      await directory.addAccount('12', OPEN);
      await seen.emitted('add uid=12');
    } finally {
      changes?.stop();
      await proxy.close();
    }
  });

  it('without content synchronization is watched by persistent search, and the choice says why', async () => {
    await directory.halt();
    const plugin = 'cn=Content Synchronization,cn=plugins,cn=config';
    await directory.configure(plugin, { 'nsslapd-pluginEnabled': 'off' });
    await directory.start();
    await directory.addAccount('10', OPEN);
    const seen = await watch({ protocol: 'auto' });
    expect(seen.all[0]).toMatchObject({
      protocol: 'persistentSearch',
      server: expect.stringContaining('not content synchronization (RFC 4533): '),
    });
    expect(seen.short).toContain('refresh uid=10');
    const refused = await subscribe(directory.url, { protocol: 'syncrepl' }).ended();
    expect(refused.message).toMatch(/\(389-Directory\/.*\) does not offer the subscription syncrepl/);
    expect(refused.remedy).toMatch(/contentsync enable.*or set directory\.subscription: auto/);
  });
});
