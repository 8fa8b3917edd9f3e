import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RefreshStuck } from '../../src/domain/directory-error.ts';
import { accountDn, BASE, manyAccounts, SERVICES } from '../support/accounts.ts';
import { type Changes, subscribe } from '../support/changes.ts';
import { startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const DONE = { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' };

describe('content synchronization with a real slapd', () => {
  let slapd: Slapd;
  let changes: Changes | undefined;
  const watch = async (...given: Parameters<typeof subscribe> extends [string, ...infer Rest] ? Rest : never) => {
    changes = subscribe(slapd.url, ...given);
    await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
    return changes;
  };

  beforeAll(async () => {
    slapd = await startSlapd({ preload: manyAccounts(3) });
  });
  afterEach(async () => {
    changes?.stop();
    changes = undefined;
    for (const entry of await slapd.search(BASE, '(&(uid=*)(!(uid=100000*)))')) await slapd.delete(entry.dn);
  });
  afterAll(() => slapd.stop());

  it('sends the open accounts first, with what the server is, and then their end', async () => {
    await slapd.addAccount('1', OPEN);
    await slapd.addAccount('2', OPEN);
    const seen = await watch();
    expect(seen.short.slice(0, 2)).toEqual(['connected', 'refreshing']);
    expect(seen.short.slice(2, 4).sort()).toEqual(['refresh uid=1', 'refresh uid=2']);
    expect(seen.short.slice(4)).toEqual(['refreshed 2']);
    expect(seen.all[0]).toMatchObject({ url: slapd.url, protocol: 'syncrepl', server: 'OpenLDAP' });
  });

  it('tells of an account that opens, changes, and leaves the open ones', async () => {
    const seen = await watch();
    await slapd.addAccount('3', OPEN);
    await seen.emitted('add uid=3');
    await slapd.modify(accountDn('3'), { sstProvisioningMode: 'adding' });
    await seen.emitted('modify uid=3');
    await slapd.modify(accountDn('3'), DONE);
    await seen.emitted('left uid=3');
    await slapd.request('3', 'modify');
    await seen.until((short) => short.filter((what) => what === 'add uid=3').length === 2);
    const [left] = seen.all.filter(({ kind }) => kind === 'left');
    const entry = seen.all.find(({ kind }) => kind === 'entry');
    const stored = await slapd.read('3');
    const uuid = stored?.values('entryUUID')[0]?.toString();
    expect(left).toEqual({ kind: 'left', dn: accountDn('3'), entryUUID: uuid });
    expect(entry?.kind === 'entry' && entry.entry.values('SSTPROVISIONINGMODE').map(String)).toEqual(['add']);
    expect(entry?.kind === 'entry' && entry.entry.values('entryuuid').map(String)).toEqual([uuid]);
  });

  it('tells the new name of a renamed account, and that a deleted and a moved one left', async () => {
    await slapd.addAccount('4', OPEN);
    await slapd.addAccount('5', OPEN);
    const seen = await watch();
    await slapd.rename(accountDn('4'), `uid=44,${BASE}`);
    await seen.emitted('modify uid=44');
    await slapd.delete(accountDn('44'));
    await seen.emitted('left uid=44');
    await slapd.delete(accountDn('5'));
    await seen.emitted('left uid=5');
  });

  it('finds accounts by a filter with escapes and characters beyond ASCII', async () => {
    await slapd.addAccount('6', { ...OPEN, cn: 'Zoë *(x)\\' });
    await slapd.addAccount('7', { ...OPEN, cn: 'Zoe' });
    const seen = await watch({ filter: '(&(sstProvisioningState=0)(cn=zoë*\\2a\\28x\\29\\5c))' });
    expect(seen.short).toContain('refreshed 1');
    expect(seen.short).toContain('refresh uid=6');
  });

  it('carries a value of a megabyte next to a short one', async () => {
    const large = Buffer.alloc(1_000_000, 'x');
    const description = [large, 'é'];
    await slapd.addAccount('8', { ...OPEN, description });
    const seen = await watch({ attributes: ['description'] });
    const entry = seen.all.find(({ kind }) => kind === 'entry');
    expect(entry?.kind === 'entry' && entry.entry.values('description').map((value) => value.length)).toEqual([
      large.length,
      2,
    ]);
  });

  it('keeps the order of a hundred rapid changes', async () => {
    await slapd.addAccount('9', OPEN);
    const seen = await watch({ attributes: ['sstQuota'] });
    for (let quota = 1; quota <= 100; quota += 1) await slapd.modify(accountDn('9'), { sstQuota: String(quota) });
    await seen.until((short) => short.filter((what) => what === 'modify uid=9').length === 100);
    const quotas = seen.all.flatMap((change) =>
      change.kind === 'entry' && change.change === 'modify' ? change.entry.values('sstQuota').map(Number) : [],
    );
    expect(quotas).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('ends with a remedy where the base does not exist or may not be searched', async () => {
    for (const base of [`ou=nowhere,${SERVICES}`, SERVICES]) {
      const error = await subscribe(slapd.url, { base }).ended();
      expect(error).toMatchObject({ resultCode: 32, remedy: expect.stringContaining('directory.base') });
    }
  });

  it('ends with a remedy where the filter is not one', async () => {
    const error = await subscribe(slapd.url, { filter: '(&(a=b)' }).ended();
    expect(error.remedy).toContain('directory.filter');
  });

  it('ends when slapd is restarted, and begins again with the open accounts', async () => {
    await slapd.addAccount('10', OPEN);
    const seen = await watch();
    await slapd.restart();
    const error = await seen.ended();
    expect(error).toMatchObject({ resultCode: undefined, remedy: expect.any(String) });
    await watch();
    expect(changes?.short).toContain('refresh uid=10');
  });

  it('says nothing more and closes the connection when unsubscribed, at whatever moment', async () => {
    const early = subscribe(slapd.url);
    early.stop();
    const seen = await watch();
    const count = seen.all.length;
    seen.stop();
    await slapd.addAccount('11', OPEN);
    await slapd.read('11');
    expect(seen.all).toHaveLength(count);
    expect(early.all).toEqual([]);
    expect([seen.error, early.error]).toEqual([undefined, undefined]);
  });
});

describe('a slapd that does not serve the subscription', () => {
  it('without syncprov: refuses, and automatic choice names what to enable', async () => {
    const slapd = await startSlapd({ syncprov: false });
    try {
      const refused = await subscribe(slapd.url).ended();
      expect(refused).toMatchObject({ resultCode: 12, remedy: expect.stringContaining('overlay syncprov') });
      const neither = await subscribe(slapd.url, { protocol: 'auto' }).ended();
      expect(neither).toMatchObject({ resultCode: 12, remedy: expect.stringContaining('overlay syncprov') });
      expect(neither.message).toContain('persistent search');
    } finally {
      await slapd.stop();
    }
  });

  it('with a size limit below the open accounts: ends instead of taking a part for the whole', async () => {
    const slapd = await startSlapd({ sizeLimit: 1, preload: manyAccounts(3, OPEN) });
    try {
      const seen = subscribe(slapd.url);
      expect(await seen.ended()).toMatchObject({ resultCode: 4, remedy: expect.stringContaining('size=unlimited') });
      expect(seen.short.some((what) => what.startsWith('refreshed'))).toBe(false);
    } finally {
      await slapd.stop();
    }
  });

  it('that does not end its refresh has no other way to be watched, and is given up', async () => {
    const slapd = await startSlapd();
    const proxy = await startProxy(slapd.port);
    try {
      const end = proxy.hold('down', 'intermediateResponse');
      const seen = subscribe(proxy.url, { protocol: 'auto', deadAfterMilliseconds: 500 });
      (await end).drop();
      expect(await seen.ended()).toBeInstanceOf(RefreshStuck);
    } finally {
      await proxy.close();
      await slapd.stop();
    }
  });

  it('with the overlay, automatic choice takes content synchronization and says so', async () => {
    const slapd = await startSlapd();
    const seen = subscribe(slapd.url, { protocol: 'auto' });
    try {
      await seen.emitted('refreshed 0');
      expect(seen.all[0]).toMatchObject({
        protocol: 'syncrepl',
        server: expect.stringContaining('auto chose syncrepl'),
      });
    } finally {
      seen.stop();
      await slapd.stop();
    }
  });
});
