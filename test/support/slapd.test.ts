import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn, BASE, manyAccounts, SERVICE_DN, SERVICE_PASSWORD, SERVICES } from './accounts.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { attempt } from './children.ts';
import { type Slapd, startReplica, startReplicatedPair, startSlapd } from './slapd.ts';
import { bind, TestDirectory, text } from './test-directory.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe('a slapd of the tests', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ preload: manyAccounts(5) });
  });
  afterAll(() => slapd.stop());

  it('has the tree and the accounts that were asked for', async () => {
    expect(await slapd.search(BASE, '(objectClass=sstProvisioning)')).toHaveLength(5);
  });

  it('gives the date back under the name that OpenLDAP prefers', async () => {
    const entry = await slapd.read('1000000');
    expect(entry && text(entry, 'sstProvisioningExecutionDate')).toBe('0');
    expect(entry && text(entry, 'entryUUID')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('lets the bind account write provisioning attributes and nothing else', async () => {
    const service = new TestDirectory({ url: slapd.url, dn: SERVICE_DN, password: SERVICE_PASSWORD });
    await service.modify(accountDn('1000001'), { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '7' });
    await expect(service.modify(accountDn('1000001'), { sstIsActive: 'FALSE' })).rejects.toMatchObject({ code: 50 });
    expect(await service.search()).toHaveLength(6);
    expect(await service.search(SERVICES)).toHaveLength(0);
    await service.disconnect();
  });

  it('counts the modifies of each account through an observer', async () => {
    const observer = await slapd.observer();
    await slapd.addAccount('77', OPEN);
    await slapd.modify(accountDn('77'), { sstProvisioningMode: 'adding' });
    await slapd.modify(accountDn('77'), { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' });
    await slapd.delete(accountDn('77'));
    await observer.until((changes) => changes.some(({ kind }) => kind === 'deleted'));
    expect(observer.modifies('77')).toBe(2);
    expect(observer.modes('77')).toEqual(['add', 'adding', 'added']);
    await observer.stop();
  });

  it('keeps its data and its address through a kill and a restart, and waits through it', async () => {
    await slapd.addAccount('78', OPEN);
    await slapd.kill9();
    await expect(slapd.read('78')).rejects.toThrow();
    const waiting = slapd.waitForMode('78', 'adding');
    await slapd.start();
    await slapd.modify(accountDn('78'), { sstProvisioningMode: 'adding' });
    await waiting;
    await slapd.restart();
    await slapd.rename(accountDn('78'), `uid=79,${BASE}`);
    expect(await slapd.read('78')).toBeUndefined();
  });

  it('takes LDIF from the real ldapmodify and listens on ldapi', async () => {
    const loaded = await slapd.load(
      `dn: ${accountDn('1000002')}\nchangetype: modify\nreplace: sstQuota\nsstQuota: 5\n-\n`,
    );
    expect(loaded).toMatchObject({ code: 0 });
    const args = [
      '-x',
      '-H',
      slapd.ldapiUrl,
      '-D',
      SERVICE_DN,
      '-w',
      SERVICE_PASSWORD,
      '-b',
      BASE,
      '(sstQuota=5)',
      'uid',
    ];
    expect((await attempt('ldapsearch', args)).stdout).toContain('uid: 1000002');
  });

  it('says which account did not become as expected', async () => {
    await expect(slapd.waitForMode('1000003', 'gone', { timeout: 20 })).rejects.toThrow(
      /1000003.*sstProvisioningMode=added/,
    );
  });
});

describe('a slapd with limits', () => {
  it('stops a search of the bind account at its size limit, and refuses its writes', async () => {
    const slapd = await startSlapd({ sizeLimit: 3, mayWrite: false, syncprov: false, preload: manyAccounts(10) });
    const service = new TestDirectory({ url: slapd.url, dn: SERVICE_DN, password: SERVICE_PASSWORD });
    try {
      await expect(service.search()).rejects.toMatchObject({ code: 4 });
      await expect(service.request('1000000', 'add')).rejects.toMatchObject({ code: 50 });
      await expect(slapd.observer()).rejects.toThrow(/ended with 12/);
    } finally {
      await service.disconnect();
      await slapd.stop();
    }
  });
});

describe('slapds that replicate', () => {
  it('carry a write from one provider to the other and back', async () => {
    const [one, two] = await startReplicatedPair();
    try {
      await one.addAccount('1', OPEN);
      await two.waitForMode('1', 'add');
      await two.request('1', 'modify');
      await one.waitForMode('1', 'modify');
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  it('refer writes on a read-only replica to its provider', async () => {
    const provider = await startSlapd();
    const replica = await startReplica(provider);
    try {
      await provider.addAccount('1', OPEN);
      await replica.waitForMode('1', 'add');
      const service = new TestDirectory({ url: replica.url, dn: SERVICE_DN, password: SERVICE_PASSWORD });
      await expect(service.request('1', 'modify')).rejects.toMatchObject({ code: 10 });
      await service.disconnect();
    } finally {
      await Promise.all([replica.stop(), provider.stop()]);
    }
  });
});

describe('the certificates of the tests', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterAll(() => certificates.remove());

  const search = (url: string, caFile: string, startTls: boolean) =>
    attempt('ldapwhoami', ['-x', ...(startTls ? ['-ZZ'] : []), '-H', url, '-D', SERVICE_DN, '-w', SERVICE_PASSWORD], {
      env: { ...process.env, LDAPTLS_CACERT: caFile, LDAPTLS_REQCERT: 'demand' },
    });

  it.each(['right', 'wrongName', 'expired', 'otherCa'] as const)(
    'hold or fail as their name says: %s',
    async (name) => {
      const slapd = await startSlapd({ tls: certificates[name] });
      try {
        const expected = name === 'right' ? 0 : 1;
        const [ldaps, startTls] = await Promise.all([
          search(slapd.ldapsUrl, certificates.caFile, false),
          search(slapd.url, certificates.caFile, true),
        ]);
        expect(Math.min(1, ldaps.code ?? 1)).toBe(expected);
        expect(Math.min(1, startTls.code ?? 1)).toBe(expected);
        (await bind({ url: slapd.url, dn: SERVICE_DN, password: SERVICE_PASSWORD })).destroy();
      } finally {
        await slapd.stop();
      }
    },
  );
});
