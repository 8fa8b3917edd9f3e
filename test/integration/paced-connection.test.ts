import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ResultCode } from '../../src/domain/directory-error.ts';
import { Connection } from '../../src/ldap/connection.ts';
import { search } from '../../src/ldap/search.ts';
import { readTlsMaterial } from '../../src/ldap/tls-material.ts';
import { element, octetString, sequence } from '../../src/ldap/wire/ber.ts';
import { readLdapResult } from '../../src/ldap/wire/ldap-result.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { encodeBind, encodeExtended, encodeSearch, START_TLS } from '../../src/ldap/wire/request.ts';
import { BASE, manyAccounts, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { countTurns } from '../support/loop-turns.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

/** A clock with which each slice is over at the first look. */
function fastClock(): () => number {
  let now = 0;
  return () => {
    now += 1_000;
    return now;
  };
}

const REQUEST = encodeSearch({ base: BASE, scope: 'subtree', filter: '(uid=*)', attributes: ['uid'] });
const ANY = element(Operation.searchRequest);

/** A response to request 1: an entry with this name. */
const entry = (dn: string) => encodeMessage(1, element(Operation.searchResultEntry, octetString(dn), sequence()));
const entries = (count: number) => Buffer.concat(Array.from({ length: count }, (_, index) => entry(`uid=${index}`)));

const open: Connection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

function connectionTo(url: string, now = fastClock()): Connection {
  const connection = new Connection(url, now);
  open.push(connection);
  return connection;
}

describe('a connection whose slices are over at once', () => {
  const ACCOUNTS = 2_000;
  let certificates: Certificates;
  let slapd: Slapd;
  beforeAll(async () => {
    certificates = await makeCertificates();
    slapd = await startSlapd({ tls: certificates.right, preload: manyAccounts(ACCOUNTS) });
  });
  afterAll(async () => {
    await slapd?.stop();
    await certificates?.remove();
  });

  it.each(['ldap', 'StartTLS', 'ldaps', 'ldapi'] as const)(
    'gives every entry in order over %s, and all others a turn between a few of them',
    async (way) => {
      const url = way === 'ldaps' ? slapd.ldapsUrl : way === 'ldapi' ? slapd.ldapiUrl : slapd.url;
      const material = await readTlsMaterial({ caFile: certificates.caFile, client: null });
      const connection = connectionTo(url);
      await connection.open(material, way === 'StartTLS');
      if (way === 'StartTLS') {
        const { resultCode } = await connection.ask(encodeExtended(START_TLS), readLdapResult);
        expect(resultCode).toBe(ResultCode.success);
        await connection.secure(material);
      }
      await connection.ask(encodeBind(SERVICE_DN, SERVICE_PASSWORD), readLdapResult);
      const turns = countTurns();
      const seen: string[] = [];
      const perTurn = new Map<number, number>();
      try {
        await search(
          connection,
          { base: BASE, scope: 'subtree', filter: '(uid=*)', attributes: ['uid'] },
          {
            timeoutMilliseconds: 60_000,
          },
          ({ dn }) => {
            seen.push(dn);
            perTurn.set(turns.count(), (perTurn.get(turns.count()) ?? 0) + 1);
          },
        );
      } finally {
        turns.stop();
      }
      expect(seen).toEqual(Array.from({ length: ACCOUNTS }, (_, index) => `uid=${1_000_000 + index},${BASE}`));
      expect(Math.max(...perTurn.values())).toBeLessThan(50);
    },
  );
});

describe('a connection that rests', () => {
  let certificates: Certificates;
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, 'close');
    }
  });
  afterAll(() => certificates?.remove());

  /** A server that calls `asked` for each connection after its first bytes. Resolves to its URL. */
  async function serve(asked: (socket: Socket) => void, tls = false): Promise<string> {
    const take = (socket: Socket): void => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.once('data', () => asked(socket));
    };
    const { certFile, keyFile } = certificates.right;
    const server = tls
      ? createTlsServer({ cert: await readFile(certFile), key: await readFile(keyFile) }, take)
      : createServer(take);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `${tls ? 'ldaps' : 'ldap'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([false, true])('gives all that came before the server closed (TLS: %s)', async (tls) => {
    const url = await serve((socket) => socket.end(entries(1_000)), tls);
    const connection = connectionTo(url);
    await connection.open(await readTlsMaterial({ caFile: certificates.caFile, client: null }), false);
    let seen = 0;
    const error = await new Promise<Error>((resolve) => {
      connection.send(REQUEST, { message: () => (seen += 1), failed: resolve });
    });
    expect(error.message).toContain('the directory closed the connection');
    expect(seen).toBe(1_000);
  });

  it.each([
    ['a buffer', false, false],
    ['chunks', true, false],
    ['TLS', false, true],
  ])('leaves what it does not get to in the socket, which it reads by %s', async (_, chunks, tls) => {
    const large = entry(`uid=${'x'.repeat(20_000)}`);
    const url = await serve((socket) => socket.write(Buffer.concat(Array(1_000).fill(large))), tls);
    const connection = connectionTo(url);
    await connection.open(await readTlsMaterial({ caFile: certificates.caFile, client: null }), chunks);
    let seen = 0;
    let mostKept = 0;
    await new Promise<void>((resolve, reject) => {
      const message = () => {
        seen += 1;
        mostKept = Math.max(mostKept, connection.received - seen * large.length);
        if (seen === 1_000) resolve();
      };
      connection.send(REQUEST, { message, failed: reject });
    });
    expect(mostKept).toBeLessThan(1_000_000);
  });

  it('gives nothing any more once it is closed, and closes its socket', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const url = await serve((socket) => {
      closed = once(socket, 'close');
      socket.write(entries(1_000));
      socket.resume();
    });
    const connection = connectionTo(url);
    await connection.open(undefined, false);
    let seen = 0;
    await new Promise<void>((resolve) => {
      const message = () => {
        seen += 1;
        // The reader rests now; bytes that arrived with this message wait.
        if (seen === 10) setImmediate(() => resolve(connection.close()));
      };
      connection.send(REQUEST, { message, failed: () => {} });
    });
    const before = seen;
    await closed;
    expect(seen).toBe(before);
    expect(before).toBeLessThan(1_000);
  });

  it('lets another connection have its answer before the first has given all that it read', async () => {
    const flood = connectionTo(await serve((socket) => socket.write(entries(1_000))));
    const other = connectionTo(await serve((socket) => socket.write(entry('uid=other'))));
    await Promise.all([flood.open(undefined, false), other.open(undefined, false)]);
    const told: string[] = [];
    await new Promise<void>((resolve) => {
      let seen = 0;
      const message = () => {
        seen += 1;
        if (seen === 1) other.send(ANY, { message: () => told.push('other'), failed: () => {} });
        if (seen < 1_000) return;
        told.push('flood');
        resolve();
      };
      flood.send(REQUEST, { message, failed: () => {} });
    });
    expect(told).toEqual(['other', 'flood']);
  });

  it('is not taken for a silent peer, however long it takes over what it has read', async () => {
    const deadAfter = 40;
    const connection = connectionTo(await serve((socket) => socket.write(entries(200))));
    await connection.open(undefined, false);
    connection.watch(deadAfter);
    connection.refreshing(true);
    const failures: Error[] = [];
    await new Promise<void>((resolve) => {
      let seen = 0;
      const message = () => {
        seen += 1;
        const until = performance.now() + deadAfter / 10;
        while (performance.now() < until); // decoding takes its time
        if (seen === 200) resolve();
      };
      connection.send(REQUEST, { message, failed: (error) => resolve(void failures.push(error)) });
    });
    expect(failures).toEqual([]);
  });
});
