import { getEventListeners, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RefreshStuck } from '../../src/domain/directory-error.ts';
import { openConnection } from '../../src/ldap/open-connection.ts';
import { element, enumerated, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation, readMessage } from '../../src/ldap/wire/message.ts';
import { accountDn, SERVICE_DN } from '../support/accounts.ts';
import { type Certificates, makeCertificates, type ServerCertificate } from '../support/certificates.ts';
import { type Changes, subscribe, subscription } from '../support/changes.ts';
import { LdapFramer } from '../support/ldap-framer.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { tlsLibraryOfSlapd } from '../support/slapd-tls.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
/** The tolerance in milliseconds for the timers of a busy machine. */
const LATE = 500;

/** Waits for the end of the refresh, and unsubscribes. */
async function succeeds(changes: Changes): Promise<void> {
  try {
    await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
  } finally {
    changes.stop();
  }
}

describe('binding', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());

  it('with a wrong password ends with what to check', async () => {
    const error = await subscribe(slapd.url, { readPassword: async () => 'wrong' }).ended();
    expect(error).toMatchObject({ resultCode: 49, remedy: expect.stringContaining('bindPasswordFile') });
    expect(error.message).toContain(SERVICE_DN);
    expect(error.message).not.toContain('wrong');
  });

  it('with an empty password is refused before it could pass for an anonymous bind', async () => {
    const error = await subscribe(slapd.url, { readPassword: async () => '' }).ended();
    expect(error).toMatchObject({ resultCode: undefined, message: expect.stringContaining('empty') });
  });

  it('with a password that cannot be read ends with the reason', async () => {
    const readPassword = () => Promise.reject(new Error('no such file: /secret'));
    const error = await subscribe(slapd.url, { readPassword }).ended();
    expect(error.message).toContain('no such file: /secret');
    expect(error.remedy).toContain('directory.bindPasswordFile');
  });

  it('is left out without a bind DN', async () => {
    expect(await subscribe(slapd.url, { bindDn: null }).ended()).toMatchObject({ resultCode: 32 });
  });

  it('works over a unix socket, and a missing one is named', async () => {
    await succeeds(subscribe(slapd.ldapiUrl));
    const missing = await subscribe('ldapi://%2Fnowhere%2Fldapi').ended();
    expect(missing.message).toContain('no such socket');
    expect(missing.remedy).toContain('ldapi://');
  });

  it('works by host name', async () => {
    await succeeds(subscribe(`ldap://localhost:${slapd.port}`));
  });
});

describe('a connection under TLS', () => {
  let certificates: Certificates;
  let slapd: Slapd;
  beforeAll(async () => {
    certificates = await makeCertificates();
    slapd = await startSlapd({ tls: certificates.right });
  });
  afterAll(async () => {
    await slapd?.stop();
    await certificates?.remove();
  });

  /** Runs the test with a slapd that has another certificate. */
  const withCertificate = async (
    kind: ServerCertificate,
    test: (other: Slapd) => Promise<void>,
    globalLines: readonly string[] = [],
  ) => {
    const other = await startSlapd({ tls: certificates[kind], globalLines });
    try {
      await test(other);
    } finally {
      await other.stop();
    }
  };
  const startTls = () => ({ startTls: true, caFile: certificates.caFile });
  const ldaps = () => ({ caFile: certificates.caFile });
  /** The errors of a subscription over StartTLS and of one over ldaps. */
  const refusals = async (other: Slapd) => [
    await subscribe(other.url, startTls()).ended(),
    await subscribe(other.ldapsUrl, ldaps()).ended(),
  ];

  it('is made by StartTLS, for an address and for a name', async () => {
    await succeeds(subscribe(slapd.url, startTls()));
    await succeeds(subscribe(`ldap://localhost:${slapd.port}`, startTls()));
  });

  it('is made by ldaps://, for an address and for a name', async () => {
    await succeeds(subscribe(slapd.ldapsUrl, ldaps()));
    await succeeds(subscribe(slapd.ldapsUrl.replace('127.0.0.1', 'localhost'), ldaps()));
  });

  it.each(['StartTLS', 'ldaps'] as const)(
    'is refused by %s when an unknown authority signed, with no fallback',
    async (way) => {
      const overrides = { caFile: certificates.otherCaFile, startTls: way === 'StartTLS' };
      const error = await subscribe(way === 'ldaps' ? slapd.ldapsUrl : slapd.url, overrides).ended();
      expect(error.message).toContain('unknown certificate authority');
      expect(error.remedy).toContain('directory.tls.caFile');
      await withCertificate('otherCa', async (other) => {
        const again = await subscribe(way === 'ldaps' ? other.ldapsUrl : other.url, {
          ...overrides,
          caFile: certificates.caFile,
        }).ended();
        expect(again.remedy).toContain('directory.tls.caFile');
      });
    },
  );

  it.each(['StartTLS', 'ldaps'] as const)('is refused by %s for a certificate of another name', async (way) => {
    await withCertificate('wrongName', async (other) => {
      const error = await (way === 'ldaps'
        ? subscribe(other.ldapsUrl, ldaps())
        : subscribe(other.url, startTls())
      ).ended();
      expect(error.message).toContain('certificate for another name');
      expect(error.message).toContain('127.0.0.1');
    });
  });

  it('is made where the server sends the intermediate certificate, and named missing where it does not', async () => {
    await withCertificate('chain', (other) => succeeds(subscribe(other.ldapsUrl, ldaps())));
    await withCertificate('incomplete', async (other) => {
      for (const error of await refusals(other)) {
        expect(error.message).toContain('the server sent its own certificate alone');
        expect(error.remedy).toMatch(/send the intermediate certificate.*TLSCertificateFile.*directory\.tls\.caFile/);
      }
    });
  });

  it('is refused for a certificate that is signed with SHA-1', async () => {
    await withCertificate('sha1', async (other) => {
      for (const error of await refusals(other)) {
        expect(error.message).toContain('weak certificate signature');
        expect(error.remedy).toMatch(/SHA-1.*issued again with SHA-256/);
      }
    });
  });

  it('is refused for a key that the OpenSSL of this host takes for too small', async () => {
    const { DEFAULT_CIPHERS } = tls;
    tls.DEFAULT_CIPHERS = 'DEFAULT@SECLEVEL=2'; // as Debian sets it
    const isOpenSsl = (await tlsLibraryOfSlapd()) === 'OpenSSL';
    try {
      await withCertificate(
        'smallKey',
        async (other) => {
          for (const error of await refusals(other)) {
            expect(error.message).toContain('certificate key too small');
            expect(error.remedy).toContain('2048');
          }
        },
        // slapd with OpenSSL would not start with such a key.
        isOpenSsl ? ['TLSCipherSuite DEFAULT:@SECLEVEL=0'] : [],
      );
    } finally {
      tls.DEFAULT_CIPHERS = DEFAULT_CIPHERS;
    }
  });

  it.each(['StartTLS', 'ldaps'] as const)('is refused by %s for an expired certificate', async (way) => {
    await withCertificate('expired', async (other) => {
      const error = await (way === 'ldaps'
        ? subscribe(other.ldapsUrl, ldaps())
        : subscribe(other.url, startTls())
      ).ended();
      expect(error.message).toContain('expired certificate');
      expect(error.remedy).toContain('renew');
    });
  });

  it('ends with what to do where the server has no StartTLS, the authorities cannot be read, or the port is another', async () => {
    const plain = await startSlapd();
    try {
      const without = await subscribe(plain.url, startTls()).ended();
      expect(without.message).toContain('StartTLS');
      expect(without.remedy).toContain('TLSCertificateFile');
      const crossed = await subscribe(plain.url.replace('ldap:', 'ldaps:'), ldaps()).ended();
      expect(crossed.remedy).toEqual(expect.any(String));
      const other = await subscribe(slapd.ldapsUrl.replace('ldaps:', 'ldap:')).ended();
      expect(other.remedy).toContain('TLS only');
    } finally {
      await plain.stop();
    }
    const missing = await subscribe(slapd.ldapsUrl, { caFile: '/nowhere.pem' }).ended();
    expect(missing.remedy).toContain('directory.tls.caFile');
    const folder = await mkdtemp(join(tmpdir(), 'authorities-'));
    try {
      await writeFile(join(folder, 'ca.pem'), 'nothing');
      const empty = await subscribe(slapd.ldapsUrl, { caFile: join(folder, 'ca.pem') }).ended();
      expect(empty.message).toContain('no certificate');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('carries large refreshes under StartTLS and ldaps alike', async () => {
    await slapd.addAccount('1', { ...OPEN, description: Buffer.alloc(2_000_000, 'x') });
    for (const changes of [subscribe(slapd.url, startTls()), subscribe(slapd.ldapsUrl, ldaps())]) {
      await succeeds(changes);
      expect(changes.short).toContain('refreshed 1');
    }
  });
});

describe('a connection that breaks', () => {
  let slapd: Slapd;
  let proxy: FaultProxy;
  let changes: Changes | undefined;
  const watching = async (deadAfterMilliseconds = 20_000) => {
    changes = subscribe(proxy.url, { deadAfterMilliseconds });
    await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
    return changes;
  };

  beforeAll(async () => {
    slapd = await startSlapd();
    proxy = await startProxy(slapd.port);
  });
  afterEach(() => changes?.stop());
  afterAll(async () => {
    await proxy?.close();
    await slapd?.stop();
  });

  it('while idle in a black hole is noticed within the time', async () => {
    const seen = await watching(1_000);
    const [connection] = proxy.open;
    connection?.up.swallow();
    connection?.down.swallow();
    const swallowedAt = performance.now();
    const error = await seen.ended();
    expect(performance.now() - swallowedAt).toBeLessThan(1_000 + LATE);
    expect(error.message).toContain('silent peer');
    expect(error.remedy).toContain('firewall');
  });

  it('lives on in silence as long as the directory answers', async () => {
    const seen = await watching(300);
    const asked = proxy.count('up', 'searchRequest');
    await expect.poll(() => proxy.count('up', 'searchRequest')).toBeGreaterThan(asked + 4);
    await slapd.addAccount('2', OPEN);
    await seen.emitted('add uid=2');
    expect(seen.error).toBeUndefined();
  });

  it('by a reset or an orderly end is reported at once', async () => {
    const reset = await watching();
    for (const connection of proxy.open) connection.reset();
    expect((await reset.ended()).message).toContain('connection reset');
    const ended = await watching();
    for (const connection of proxy.open) connection.close();
    expect((await ended.ended()).message).toContain('closed the connection');
  });

  it('by a length that was damaged on the way is noticed, although bytes go on coming', async () => {
    const seen = await watching(400);
    const probe = await proxy.hold('down', 'searchDone');
    probe.connection.down.flip(1, 0x0c ^ 0x83); // 12 bytes become several hundred thousand
    probe.forward();
    expect((await seen.ended()).message).toContain('no whole message');
  });

  it('carries on where bytes come one by one', async () => {
    const end = proxy.onConnection((connection) => connection.down.dribble(0));
    const seen = await watching();
    end();
    await slapd.modify(accountDn('2'), { sstProvisioningMode: 'adding' });
    await seen.emitted('modify uid=2');
  });

  it('leaves nothing on the signal that outlives it', async () => {
    const { signal } = new AbortController();
    const { access } = subscription(slapd.url);
    const { access: wrong } = subscription(slapd.url, { readPassword: async () => 'wrong' });
    for (let round = 0; round < 3; round += 1) {
      await expect(openConnection(wrong, slapd.url, signal)).rejects.toThrow();
      (await openConnection(access, slapd.url, signal)).close();
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
  });

  it('is not made where nobody listens, and the error says so', async () => {
    await proxy.refuse();
    const error = await subscribe(proxy.url).ended();
    expect(error.message).toContain('connection refused');
    expect(error.remedy).toContain('directory.url');
    await proxy.accept();
    expect((await subscribe('ldap://no-such-host.invalid').ended()).remedy).toEqual(expect.any(String));
  });
});

describe('a server that does not speak as it should', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  let behave: (socket: Socket) => void = () => {};
  let url = '';

  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      behave(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `ldap://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('and stays silent is given up in the time for connecting, TLS or not', async () => {
    behave = () => {};
    const ways = [
      subscribe(url, { timeoutMilliseconds: 300 }),
      subscribe(url.replace('ldap:', 'ldaps:'), { timeoutMilliseconds: 300 }),
    ];
    for (const changes of ways) expect((await changes.ended()).message).toContain('within 300 ms');
  });

  it('and answers each bind with nonsense ends the connection with words, not the process', async () => {
    const nonsense = [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '\x30\x84\xff\xff\xff\xff',
      '\x30\x03\x02\x01\x01',
      '\x30\x05\x02\x01\x01\x61\x00',
    ];
    for (const words of nonsense) {
      behave = (socket) => socket.once('data', () => socket.write(words, 'latin1'));
      expect((await subscribe(url).ended()).message).toMatch(/malformed|announced/);
    }
  });

  it('and gives notice of disconnection: its words reach the operator', async () => {
    const words = [enumerated(52), octetString(''), octetString('stop'), octetString('1.3.6.1.4.1.1466.20036', 0x8a)];
    const notice = encodeMessage(0, element(Operation.extendedResponse, ...words));
    behave = (socket) => socket.once('data', () => socket.write(notice));
    const error = await subscribe(url).ended();
    expect(error).toMatchObject({ resultCode: 52, message: expect.stringContaining('stop') });
    expect(error.remedy).toContain('by itself');
  });

  /**
   * Accepts every bind. Answers each search with the result code that `codeFor` returns; undefined:
   * not at all.
   */
  const answeringSearches = (codeFor: (request: Buffer) => number | undefined) => (socket: Socket) => {
    const framer = new LdapFramer();
    socket.on('data', (chunk) => {
      for (const { bytes, operation } of framer.push(chunk)) {
        const done = (tag: number, code: number) =>
          socket.write(
            encodeMessage(readMessage(bytes).id, element(tag, enumerated(code), octetString(''), octetString('why'))),
          );
        if (operation === 'bindRequest') done(Operation.bindResponse, 0);
        const code = operation === 'searchRequest' ? codeFor(bytes) : undefined;
        if (code !== undefined) done(Operation.searchResultDone, code);
      }
    });
  };

  it('and refuses to search is not taken for one that lacks the controls', async () => {
    const isSync = (request: Buffer) => request.includes('1.3.6.1.4.1.4203.1.9.1.1');
    const isPersistent = (request: Buffer) => request.includes('2.16.840.1.113730.3.4.3');
    behave = answeringSearches((request) => (isSync(request) ? 53 : isPersistent(request) ? 12 : 0));
    const error = await subscribe(url, { protocol: 'auto' }).ended();
    expect(error).toMatchObject({
      resultCode: 53,
      remedy: expect.stringContaining("the server's configuration forbids it"),
    });
    expect(error.message).toContain('why');
    behave = answeringSearches((request) => (isSync(request) || isPersistent(request) ? 12 : 0));
    const lacking = await subscribe(url, { protocol: 'auto' }).ended();
    expect(lacking).toMatchObject({ resultCode: 12, remedy: expect.stringMatching(/^enable content synchronization/) });
  });

  it('and ends no list, whichever way it is watched, is given up for what it is', async () => {
    const named = sequence(octetString('supportedControl'), element(Tag.set, octetString('2.16.840.1.113730.3.4.3')));
    const rootDse = element(Operation.searchResultEntry, octetString(''), sequence(named));
    const probes = answeringSearches((request) => (request.includes('uid') ? undefined : 0));
    let connections = 0;
    behave = (socket) => {
      connections += 1;
      // Before its end, the first search of a connection for the subscription gets the root DSE.
      socket.on('data', (bytes) => {
        if (bytes.includes('vendorName')) socket.write(encodeMessage(readMessage(bytes).id, rootDse));
      });
      probes(socket);
    };
    const error = await subscribe(url, { protocol: 'auto', deadAfterMilliseconds: 300 }).ended();
    expect(error).toBeInstanceOf(RefreshStuck);
    // Two for each protocol: one for the subscription, one for requests.
    expect(connections).toBe(4);
  });

  it('and answers probes but not who it is: it is given up', async () => {
    behave = answeringSearches((request) => (request.includes('vendorName') ? undefined : 0));
    expect((await subscribe(url, { deadAfterMilliseconds: 300 }).ended()).message).toContain(
      'though the directory answers',
    );
  });

  it('and sends notifications that nobody knows is listened to all the same', async () => {
    const words = [enumerated(0), octetString(''), octetString('hello'), octetString('1.2.3.4', 0x8a)];
    const notice = encodeMessage(0, element(Operation.extendedResponse, ...words));
    const answer = answeringSearches((request) => (request.includes('1.3.6.1.4.1.4203.1.9.1.1') ? 51 : 0));
    behave = (socket) => {
      socket.write(notice);
      answer(socket);
    };
    expect((await subscribe(url).ended()).resultCode).toBe(51);
  });

  it('and sends more behind its answer to StartTLS is not believed', async () => {
    const answer = '300c02010178070a010004000400';
    behave = (socket) => socket.once('data', () => socket.write(Buffer.from(`${answer}3020`, 'hex')));
    expect((await subscribe(url, { startTls: true }).ended()).message).toContain('unprotected');
  });
});
