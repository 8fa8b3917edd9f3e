import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { BASE, SERVICE_DN } from '../support/accounts.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { attempt } from '../support/children.ts';
import { type Directory389, start389 } from '../support/directory-389.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import type { ServerTls } from '../support/slapd-config.ts';
import { tlsLibraryOfSlapd } from '../support/slapd-tls.ts';

/** With GnuTLS slapd closes the connection, and does not say why. */
const SAYS_IT_DEMANDS = {
  GnuTLS: /the directory closed the connection\n.*it may demand a client certificate: set directory/,
  OpenSSL: /the directory demands a client certificate\n.*-> set directory\.tls\.certFile/,
};
const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

let certificates: Certificates;
let folder: string;

beforeAll(async () => {
  certificates = await makeCertificates();
  folder = await mkdtemp(join(tmpdir(), 'bind-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await certificates?.remove();
});

/** The settings of TLS with a certificate. */
function presenting({ certFile, keyFile }: ServerTls) {
  return { caFile: certificates.caFile, certFile, keyFile };
}

/** What `check` prints about a directory. */
async function check(directory: Readonly<Record<string, unknown>>): Promise<string> {
  const file = join(folder, 'check.yaml');
  const settings = { directory: { base: BASE, auth: 'external', ...directory }, script: { command: ['/bin/true'] } };
  await writeFile(file, stringify(settings), { mode: 0o600 });
  const { stdout, stderr } = await attempt(process.execPath, [MAIN, 'check', '-c', file]);
  return stdout + stderr;
}

/** A service without a password, at this URL; `use` gets it when it has begun. */
async function withService(
  url: string,
  directory: Readonly<Record<string, unknown>>,
  use: (service: RunningService) => Promise<void>,
): Promise<void> {
  const binding = { auth: 'external', bindDn: null, bindPassword: null, ...directory };
  const service = await setUpService({ url, script: 'exit 0', directory: binding });
  try {
    await service.start({ wait: false });
    await use(service);
  } finally {
    await service.remove();
  }
}

describe('slapd takes the service for an entry by SASL EXTERNAL', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({
      tls: certificates.right,
      globalLines: [
        'TLSVerifyClient try',
        `authz-regexp "^cn=prov-backup-rsnapshot$" "${SERVICE_DN}"`,
        `authz-regexp "^gidNumber=0[+]uidNumber=0,cn=peercred,cn=external,cn=auth$" "${SERVICE_DN}"`,
      ],
    });
  });
  afterAll(() => slapd?.stop());

  const ways = (at: Slapd) => ({
    'over StartTLS': { url: at.url, startTls: true, tls: presenting(certificates.client) },
    'over ldaps': { url: at.ldapsUrl, tls: presenting(certificates.client) },
    'over ldapi': { url: at.ldapiUrl },
  });

  it.each(['over StartTLS', 'over ldaps', 'over ldapi'] as const)('%s', async (way) => {
    const { url, ...directory } = ways(slapd)[way];
    const uid = way.replace(' ', '-');
    await withService(url, directory, async () => {
      await slapd.addAccount(uid, OPEN);
      await slapd.waitForMode(uid, 'added');
    });
    expect(await check({ url, ...directory })).toMatch(
      /^ok .*bind .*: bound by SASL EXTERNAL; the server knows the service as dn:cn=prov-backup-rsnapshot,ou=daemons,/m,
    );
  });

  it('with a certificate that was renewed while the service waited', async () => {
    const [certFile, keyFile] = [join(folder, 'service.pem'), join(folder, 'service.key')];
    const put = async (pair: ServerTls) => {
      await copyFile(pair.keyFile, keyFile);
      await chmod(keyFile, 0o600);
      await copyFile(pair.certFile, certFile);
    };
    await put(certificates.expiredClient);
    const tls = { caFile: certificates.caFile, certFile, keyFile };
    await withService(slapd.ldapsUrl, { tls }, async (service) => {
      await service.outputMatches(/disconnected .*client certificate in .*service\.pem: it expired at .*renew it/);
      await put(certificates.client);
      await service.outputMatches(/\brefreshed\b/);
    });
  });

  it('unless the certificate is expired, or of an authority that it does not know', async () => {
    const expired = await check({ url: slapd.ldapsUrl, tls: presenting(certificates.expiredClient) });
    expect(expired).toMatch(/^fail .*client certificate: .*CN=prov-backup-rsnapshot, issued by CN=ca: it expired at/m);
    expect(expired).toMatch(/^fail .*directory .*refused the client certificate in .*: it expired at/m);
    const unknown = await check({ url: slapd.ldapsUrl, tls: presenting(certificates.otherClient) });
    expect(unknown).toMatch(
      /^fail .*directory .*refused the client certificate .*issued by CN=other-ca\)\n.*olcTLSCACert/m,
    );
  });

  it('and `check` says who else can read the key', async () => {
    const keyFile = join(folder, 'open.key');
    await copyFile(certificates.client.keyFile, keyFile);
    await chmod(keyFile, 0o644);
    expect(await check({ url: slapd.ldapsUrl, tls: { ...presenting(certificates.client), keyFile } })).toMatch(
      /^fail .*key: every user of this host can read the key in .*open\.key\n.*chmod o-rwx/m,
    );
  });

  it('but a certificate and a password go together, too', async () => {
    const tls = presenting(certificates.client);
    const bind = { auth: 'simple', bindDn: SERVICE_DN, bindPassword: 'secret' };
    expect(await check({ url: slapd.ldapsUrl, tls, ...bind })).toMatch(/invalid credentials \(49\)/);
  });
});

describe('slapd without a mapping', () => {
  it('takes the service for what it has derived, which `check` and `run` say, with the lines to paste', async () => {
    const slapd = await startSlapd({ tls: certificates.right, globalLines: ['TLSVerifyClient try'] });
    try {
      expect(await check({ url: slapd.ldapsUrl, tls: presenting(certificates.client) })).toMatch(
        /^advice .*the server knows the service as dn:cn=prov-backup-rsnapshot, which is not an entry\n.*olcAuthzRegexp: "\^cn=prov-backup-rsnapshot\$" "/m,
      );
      expect(await check({ url: slapd.ldapiUrl })).toMatch(
        /^advice .*uidNumber=0,cn=peercred,cn=external,cn=auth, which is not an entry\n.*by dn\.exact="gidNumber=0\+uidNumber=0,cn=peer.*do not map it/m,
      );
      await withService(slapd.ldapiUrl, {}, async (service) => {
        await service.outputMatches(/disconnected .*no such object \(32\).*`check` says as whom the server knows/);
      });
    } finally {
      await slapd.stop();
    }
  });

  it('sees no certificate where it does not ask for one', async () => {
    const slapd = await startSlapd({ tls: certificates.right, globalLines: ['TLSVerifyClient never'] });
    try {
      expect(await check({ url: slapd.ldapsUrl, tls: presenting(certificates.client) })).toMatch(
        /^fail .*SASL EXTERNAL: .*\(7\).*\n.*saw no client certificate: .*olcTLSVerifyClient: try/m,
      );
    } finally {
      await slapd.stop();
    }
  });

  it('may demand a certificate of everybody', async () => {
    const slapd = await startSlapd({ tls: certificates.right, globalLines: ['TLSVerifyClient demand'] });
    try {
      const simple = { auth: 'simple', bindDn: SERVICE_DN, bindPassword: 'x', tls: { caFile: certificates.caFile } };
      expect(await check({ url: slapd.ldapsUrl, ...simple })).toMatch(SAYS_IT_DEMANDS[await tlsLibraryOfSlapd()]);
    } finally {
      await slapd.stop();
    }
  });
});

describe('389-ds takes the service for an entry by SASL EXTERNAL', () => {
  let directory: Directory389;
  beforeAll(async () => {
    directory = await start389({ tls: certificates.right, ldapi: SERVICE_DN, certmap: 'cn' });
  });
  afterAll(() => directory?.remove());

  it.each(['over StartTLS', 'over ldaps', 'over ldapi (root)'] as const)('%s', async (way) => {
    const ways = {
      'over StartTLS': { url: directory.url, startTls: true, tls: presenting(certificates.client) },
      'over ldaps': { url: directory.ldapsUrl, tls: presenting(certificates.client) },
      'over ldapi (root)': { url: directory.ldapiUrl },
    };
    const { url, ...settings } = ways[way];
    const uid = way.replaceAll(/\W/g, '-');
    await withService(url, settings, async () => {
      await directory.addAccount(uid, OPEN);
      await directory.waitForMode(uid, 'added');
    });
    const said = await check({ url, ...settings });
    // Since 389-ds 3 root over ldapi:// is the directory manager, whatever its configuration says.
    const isManager = way === 'over ldapi (root)' && !/389-Directory\/[12]\./.test(said);
    const bound = isManager ? /cn=Directory Manager$/m : /cn=prov-backup-rsnapshot,ou=daemons,/;
    expect(
      said.match(/^ok .*bind .*: bound by SASL EXTERNAL; the server knows the service as dn: ?(.*)$/m)?.[1],
    ).toMatch(bound);
  });

  it('unless the certificate is expired, or of an authority that it does not know', async () => {
    const { ldapsUrl: url } = directory;
    expect(await check({ url, tls: presenting(certificates.expiredClient) })).toMatch(
      /^fail .*directory .*refused the client certificate in .*: it expired at/m,
    );
    expect(await check({ url, tls: presenting(certificates.otherClient) })).toMatch(
      /^fail .*directory .*refused the client certificate .*issued by CN=other-ca\)\n.*ca-certificate add/m,
    );
  });

  it('unless nothing maps it, with the lines to paste', async () => {
    await directory.reconfigure({ ldapi: null, certmap: 'mail' });
    expect(await check({ url: directory.ldapsUrl, tls: presenting(certificates.client) })).toMatch(
      /^fail .*SASL EXTERNAL: invalid credentials \(49\)\n.*certmap\.conf/m,
    );
    expect(await check({ url: directory.ldapiUrl })).toMatch(
      /^fail .*SASL EXTERNAL: inappropriate authentication \(48\).*\n.*nsslapd-ldapiautobind=on/m,
    );
  });
});
