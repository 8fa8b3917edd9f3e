import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { currentUrls } from '../../src/ldap/servers.ts';
import { reconnect } from '../../streams/operators/reconnect.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { Changes, subscription } from '../support/changes.ts';
import { attempt } from '../support/children.ts';
import { DnsServer } from '../support/dns-server.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

describe('`check`', () => {
  it('says that a domain has no servers, and tries nothing else on them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'srv-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'service.yaml');
    const directory = { url: 'srv:nowhere.invalid', base: 'dc=example' };
    await writeFile(file, stringify({ directory, script: { command: ['/bin/true'] } }));
    const main = join(import.meta.dirname, '../../dist/src/main.js');
    const { code, stdout } = await attempt(process.execPath, [main, 'check', '-c', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail .*servers srv:nowhere\.invalid: .*_ldap\._tcp\.nowhere\.invalid \(E[A-Z]+\)\n +-> /m);
    expect(stdout).toMatch(/^not tried +accounts: no server of the directory can be used/m);
  });
});

describe('a subscription to the servers of a domain', () => {
  let certificates: Certificates;
  let dns: DnsServer;
  const servers: Slapd[] = [];
  let changes: Changes | undefined;

  beforeAll(async () => {
    certificates = await makeCertificates();
    dns = await DnsServer.start();
    servers.push(await startSlapd({ tls: certificates.right }), await startSlapd({ tls: certificates.right }));
  });
  afterEach(() => {
    changes?.stop();
    changes = undefined;
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await dns?.stop();
    await certificates?.remove();
  });

  const record = (server: Slapd | undefined, name = 'localhost', priority = 0) => ({
    name,
    port: server?.port ?? 0,
    priority,
    weight: 0,
  });

  function follow(): Changes {
    changes = new Changes(
      reconnect({
        urls: ['srv:example.org'],
        lookUp: () => currentUrls(['srv:example.org'], { resolve: dns.resolve }),
        initial: 10,
        max: 50,
        connect: (url) => subscribeOnce(subscription(url, { startTls: true, caFile: certificates.caFile })),
      }),
    );
    return changes;
  }

  const connectedTo = (seen: Changes) =>
    seen.all.flatMap((change) => (change.kind === 'connected' ? [change.url] : []));

  it('verifies certificates for the names in the records, and follows these as they change', async () => {
    const [first, second] = servers;
    dns.answer = [record(first)];
    const seen = follow();
    await seen.emitted('refreshed 0');
    expect(connectedTo(seen)).toEqual([`ldap://localhost:${first?.port}`]);
    dns.answer = [record(second)];
    await first?.halt();
    await seen.until(() => connectedTo(seen).length === 2);
    expect(connectedTo(seen)[1]).toBe(`ldap://localhost:${second?.port}`);
    await first?.start();
  });

  it('passes over a server with a certificate for another name', async () => {
    const [, second] = servers;
    // The certificate is for 127.0.0.1 and localhost, and not for this address of the same host.
    const other = await startSlapd({ tls: certificates.right, alsoAt: ['127.0.0.2'] });
    try {
      dns.answer = [record(other, '127.0.0.2'), record(second, 'localhost', 1)];
      const seen = follow();
      await seen.emitted('refreshed 0');
      expect(seen.all[0]).toMatchObject({
        kind: 'disconnected',
        url: `ldap://127.0.0.2:${other.port}`,
        reason: expect.stringContaining('another name'),
      });
      expect(connectedTo(seen)).toEqual([`ldap://localhost:${second?.port}`]);
    } finally {
      await other.stop();
    }
  });

  it('waits for the records, and says what is missing', async () => {
    dns.answer = 'nameError';
    const seen = follow();
    await seen.until((short) => short.filter((what) => what === 'disconnected').length === 2);
    expect(seen.all[0]).toMatchObject({
      kind: 'disconnected',
      url: 'srv:example.org',
      reason: expect.stringContaining('no SRV records'),
      remedy: expect.stringContaining('add one to the zone'),
    });
    dns.answer = [record(servers[0])];
    await seen.emitted('refreshed 0');
  });
});
