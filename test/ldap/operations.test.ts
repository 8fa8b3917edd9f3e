import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Modification } from '../../src/domain/transition.ts';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { openConnection } from '../../src/ldap/open-connection.ts';
import { type DirectoryOperations, operationsAt } from '../../src/ldap/operations.ts';
import { element, enumerated, integer, octetString, sequence } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation, readMessage } from '../../src/ldap/wire/message.ts';
import {
  accountAttributes,
  accountDn,
  BASE,
  ldifRecord,
  manyAccounts,
  SERVICE_DN,
  SERVICE_PASSWORD,
} from '../support/accounts.ts';
import { answeringServer } from '../support/answering-server.ts';
import { LdapFramer } from '../support/ldap-framer.ts';
import { startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const SOFT = 'sstProvisioningReturnValue';
const opened: DirectoryOperations[] = [];

function accessOf(url: string): DirectoryAccess {
  return {
    urls: [url],
    startTls: false,
    tls: { caFile: null, client: null },
    authentication: { method: 'simple', dn: SERVICE_DN, readPassword: async () => SERVICE_PASSWORD },
    timeoutMilliseconds: 5_000,
  };
}

function operations(url: string, changes: Partial<DirectoryAccess> = {}): DirectoryOperations {
  const made = operationsAt({ ...accessOf(url), ...changes }, url, BASE);
  opened.push(made);
  return made;
}

function set(attribute: string, ...values: string[]): Modification {
  return { operation: 'replace', attribute, values };
}

function swap(from: string, to: string): Modification[] {
  return [
    { operation: 'delete', attribute: 'sstProvisioningMode', values: [from] },
    { operation: 'add', attribute: 'sstProvisioningMode', values: [to] },
  ];
}

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

describe('operations on a slapd', () => {
  let slapd: Slapd;

  beforeAll(async () => {
    slapd = await startSlapd({ preload: manyAccounts(1_200) });
  });
  afterAll(() => slapd?.stop());

  it('answer a modify with the whole entry as it stands afterwards, where that is asked for', async () => {
    await slapd.addAccount('post', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    const entry = await operations(slapd.url).modify(accountDn('post'), swap('add', 'adding'), { postRead: 'entry' });
    expect(entry?.dn).toBe(accountDn('post'));
    expect(text(entry as DirectoryEntry, 'sstProvisioningMode')).toBe('adding');
    expect(text(entry as DirectoryEntry, 'uidNumber')).toBe('3000000');
    expect(text(entry as DirectoryEntry, 'entryUUID')).toMatch(/^[0-9a-f-]{36}$/);
    expect(text(entry as DirectoryEntry, 'modifyTimestamp')).toMatch(/^\d{14}Z$/);
    expect(await operations(slapd.url).modify(accountDn('post'), [set(SOFT, '1')])).toBeUndefined();
  });

  it('refuse a compare-and-swap on another value with 16 and the words of the server, and change nothing', async () => {
    await slapd.addAccount('cas');
    const attempt = operations(slapd.url).modify(accountDn('cas'), [...swap('add', 'adding'), set(SOFT, '1')], {
      postRead: 'entry',
    });
    await expect(attempt).rejects.toMatchObject({
      name: 'DirectoryError',
      resultCode: 16,
      message: expect.stringContaining('no such value'),
    });
    const entry = await slapd.read('cas');
    expect(text(entry as DirectoryEntry, 'sstProvisioningMode')).toBe('added');
    expect(text(entry as DirectoryEntry, SOFT)).toBe('');
  });

  it('refuse to change another version of the entry than the one that is named, with 122, and change nothing', async () => {
    await slapd.addAccount('version', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    const one = operations(slapd.url);
    const version = text((await one.read(accountDn('version'))) as DirectoryEntry, 'entryCSN');
    await slapd.modify(accountDn('version'), { description: 'of somebody else' });
    const attempt = one.modify(accountDn('version'), swap('add', 'adding'), {
      postRead: 'entry',
      fence: { by: 'version', entryCSN: version },
    });
    await expect(attempt).rejects.toMatchObject({ name: 'DirectoryError', resultCode: 122 });
    const entry = (await one.read(accountDn('version'))) as DirectoryEntry;
    expect(text(entry, 'sstProvisioningMode')).toBe('add');
    const after = await one.modify(accountDn('version'), swap('add', 'adding'), {
      postRead: 'entry',
      fence: { by: 'version', entryCSN: text(entry, 'entryCSN') ?? '' },
    });
    expect(text(after as DirectoryEntry, 'sstProvisioningMode')).toBe('adding');
  });

  it('name what to do where the account may not write', async () => {
    await slapd.addAccount('denied');
    const attempt = operations(slapd.url).modify(accountDn('denied'), [set('sstQuota', '1')]);
    await expect(attempt).rejects.toMatchObject({ resultCode: 50, remedy: expect.stringMatching(/./) });
  });

  it('answer what does not exist with 32 to a write, and with nothing to a read', async () => {
    const one = operations(slapd.url);
    await expect(one.modify(accountDn('nobody'), [set(SOFT, '1')], { postRead: 'entry' })).rejects.toMatchObject({
      resultCode: 32,
    });
    expect(await one.read(accountDn('nobody'))).toBeUndefined();
    expect(await one.find('00000000-0000-4000-8000-000000000000')).toBeUndefined();
  });

  it('find an entry by its entryUUID wherever it was renamed to', async () => {
    await slapd.addAccount('old');
    const uuid = text((await slapd.read('old')) as DirectoryEntry, 'entryUUID');
    await slapd.rename(accountDn('old'), accountDn('new'));
    expect((await operations(slapd.url).find(uuid))?.dn).toBe(accountDn('new'));
  });

  it('take an entryUUID that is none for one that nobody has', async () => {
    expect(await operations(slapd.url).find('*)(uid=*')).toBeUndefined();
  });

  it('write to an entry with signs in its DN, byte for byte as the server sent it', async () => {
    const dn = `uid=a\\5c\\2cb+cn=ü,${BASE}`;
    const loaded = await slapd.load(ldifRecord(dn, { ...accountAttributes('odd'), uid: 'a\\,b', cn: 'ü' }));
    expect(loaded.stderr).toBe('');
    const one = operations(slapd.url);
    let sent: DirectoryEntry | undefined;
    await one.search({ filter: '(cn=ü)', attributes: ['*'] }, {}, (entry) => {
      sent = entry;
    });
    const after = await one.modify((sent as DirectoryEntry).dn, [set(SOFT, '42')], { postRead: 'entry' });
    expect(text(after as DirectoryEntry, SOFT)).toBe('42');
    expect(after?.dn).toBe(sent?.dn);
    expect(text((await one.read((sent as DirectoryEntry).dn)) as DirectoryEntry, SOFT)).toBe('42');
  });

  it('list page by page all of more entries than a page holds, each once', async () => {
    const seen = new Set<string>();
    let count = 0;
    await operations(slapd.url).search({ filter: '(uid=1*)', attributes: ['uid'] }, { pageSize: 500 }, (entry) => {
      count += 1;
      seen.add(entry.dn);
    });
    expect(count).toBe(1_200);
    expect(seen.size).toBe(1_200);
  });

  it('share one connection, however many ask for the first time at once', async () => {
    const proxy = await startProxy(slapd.port);
    try {
      const one = operations(proxy.url);
      await slapd.addAccount('shared');
      await Promise.all(Array.from({ length: 20 }, () => one.read(accountDn('shared'))));
      expect(proxy.connections.length).toBe(1);
    } finally {
      await proxy.close();
    }
  });
});

describe('operations whose connection breaks', () => {
  let slapd: Slapd;

  beforeAll(async () => {
    slapd = await startSlapd();
    await slapd.addAccount('a');
  });
  afterAll(() => slapd?.stop());

  it('make a fresh one for the next operation after a restart of the server', async () => {
    const one = operations(slapd.url);
    await one.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' });
    await one.read(accountDn('a'));
    await slapd.restart();
    expect(await one.read(accountDn('a'))).toBeDefined();
    expect(await one.modify(accountDn('a'), [set(SOFT, '2')], { postRead: 'entry' })).toBeDefined();
  });

  it('end without a result code while the server is gone, and go on when it is back', async () => {
    const one = operations(slapd.url);
    await one.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' });
    await slapd.halt();
    await expect(one.modify(accountDn('a'), [set(SOFT, '2')], { postRead: 'entry' })).rejects.toMatchObject({
      resultCode: undefined,
    });
    await expect(one.read(accountDn('a'))).rejects.toMatchObject({ name: 'DirectoryError', resultCode: undefined });
    await slapd.start();
    expect(await one.modify(accountDn('a'), [set(SOFT, '3')], { postRead: 'entry' })).toBeDefined();
  });

  it('end when the server stands still, and all that wait with them', async () => {
    const one = operations(slapd.url, { timeoutMilliseconds: 400 });
    await one.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' });
    await one.read(accountDn('a'));
    slapd.pause();
    const asked = [
      one.modify(accountDn('a'), [set(SOFT, '2')], { postRead: 'entry' }),
      one.modify(accountDn('a'), [set(SOFT, '2')], { postRead: 'entry' }),
      one.read(accountDn('a')),
    ];
    const results = await Promise.allSettled(asked);
    slapd.resume();
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await one.modify(accountDn('a'), [set(SOFT, '3')], { postRead: 'entry' })).toBeDefined();
    expect(await one.read(accountDn('a'))).toBeDefined();
  });

  it('end at once when they are closed', async () => {
    const one = operations(slapd.url);
    await one.read(accountDn('a'));
    slapd.pause();
    const asked = one.read(accountDn('a'));
    one.close();
    await expect(asked).rejects.toMatchObject({ name: 'DirectoryError' });
    slapd.resume();
  });

  it('end at once when they are closed, whether they are asked, connecting or bound, and never connect again', async () => {
    const proxy = await startProxy(slapd.port);
    try {
      const patient = { timeoutMilliseconds: 60_000 };
      const bound = operations(proxy.url, patient);
      await bound.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' });
      slapd.pause();
      const fresh = [operations(proxy.url, patient), operations(slapd.ldapiUrl, patient)];
      const asked = [bound, ...fresh].flatMap((one) => [
        one.modify(accountDn('a'), [set(SOFT, '2')], { postRead: 'entry' }),
        one.read(accountDn('a')),
      ]);
      const ended = Promise.allSettled(asked);
      // One pair of requests is sent. The others wait for the responses to their binds.
      await expect.poll(() => proxy.count('up', 'bindRequest')).toBe(2);
      await expect.poll(() => proxy.count('up', 'modifyRequest')).toBe(2);
      for (const one of [bound, ...fresh]) one.close();
      for (const result of await ended) {
        expect(result).toMatchObject({ status: 'rejected', reason: { name: 'DirectoryError', resultCode: undefined } });
      }
      slapd.resume();
      const { length } = proxy.connections;
      await expect(bound.modify(accountDn('a'), [set(SOFT, '3')], { postRead: 'entry' })).rejects.toThrow('closed');
      await expect(bound.read(accountDn('a'))).rejects.toThrow('closed');
      expect(proxy.connections.length).toBe(length);
      await expect.poll(() => proxy.open).toEqual([]);
    } finally {
      slapd.resume();
      await proxy.close();
    }
  });

  it('end at once when they are closed in the middle of a TLS handshake', async () => {
    const ready = element(Operation.extendedResponse, enumerated(0), octetString(''), octetString(''));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const one = operations(url, { startTls: true, timeoutMilliseconds: 60_000 });
    const ended = expect(one.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' })).rejects.toThrow('closed');
    const [socket] = (await once(server, 'connection')) as [Socket];
    const [request] = (await once(socket, 'data')) as [Buffer];
    socket.write(encodeMessage(readMessage(request).id, ready));
    await once(socket, 'data');
    one.close();
    await ended;
    socket.destroy();
    server.close();
  });

  it('name a wrong password', async () => {
    const one = operations(slapd.url, {
      authentication: { method: 'simple', dn: SERVICE_DN, readPassword: async () => 'wrong' },
    });
    await expect(one.modify(accountDn('a'), [set(SOFT, '1')], { postRead: 'entry' })).rejects.toMatchObject({
      resultCode: 49,
    });
    await expect(one.read(accountDn('a'))).rejects.toMatchObject({ resultCode: 49 });
  });
});

describe('a list', () => {
  it('that meets the size limit is rejected, and not taken for the whole', async () => {
    const slapd = await startSlapd({ sizeLimit: 2, preload: manyAccounts(5) });
    try {
      let count = 0;
      const list = operations(slapd.url).search({ filter: '(uid=*)', attributes: ['uid'] }, {}, () => {
        count += 1;
      });
      await expect(list).rejects.toMatchObject({ resultCode: 4, remedy: expect.stringContaining('size') });
      expect(count).toBe(2);
    } finally {
      await slapd.stop();
    }
  });
});

describe('a DN that was damaged on its way', () => {
  const answers = (dn: string) =>
    answeringServer((socket, id) => {
      socket.write(encodeMessage(id, element(Operation.searchResultEntry, octetString(dn), sequence())));
      const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));
      socket.write(encodeMessage(id, done));
    });

  it('is not believed of an entry that was asked for by its DN', async () => {
    const server = await answers('uid=a,dc=exbmple');
    try {
      expect((await operations(server.url).read('uid=a,dc=example'))?.dn).toBe('uid=a,dc=example');
    } finally {
      server.close();
    }
  });

  it('is not followed out of the base', async () => {
    const server = await answers('uid=a,dc=elsewhere');
    try {
      const found = operations(server.url).find('00000000-0000-4000-8000-000000000000');
      await expect(found).rejects.toMatchObject({ name: 'DirectoryError', resultCode: undefined });
    } finally {
      server.close();
    }
  });
});

describe('a connection for operations', () => {
  it('leaves nothing on the signal that outlives it', async () => {
    const server = await answeringServer(() => {});
    const { signal } = new AbortController();
    try {
      for (const _ of [1, 2, 3]) (await openConnection(accessOf(server.url), server.url, signal)).close();
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    } finally {
      server.close();
    }
  });
});

describe('a server at an address of IPv6', () => {
  it('is written to, and read from', async () => {
    const modified = element(0x67, enumerated(0), octetString(''), octetString(''));
    const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));
    let answers = 0;
    const server = await answeringServer((socket, id) => {
      answers += 1;
      socket.write(encodeMessage(id, answers === 1 ? modified : done));
    }, '::1');
    try {
      const one = operations(server.url);
      expect(await one.modify('uid=a,dc=example', [set(SOFT, '1')])).toBeUndefined();
      expect(await one.read('uid=a,dc=example')).toBeUndefined();
    } finally {
      server.close();
    }
  });
});

describe('a server that falls silent in the handshake of StartTLS', () => {
  it('is given up by a write, and by a read, in the time for connecting', async () => {
    const done = element(Operation.extendedResponse, enumerated(0), octetString(''), octetString(''));
    const server = await answeringServer((socket, id) => {
      socket.removeAllListeners('data');
      socket.write(encodeMessage(id, done));
    });
    try {
      const one = operations(server.url, { startTls: true, timeoutMilliseconds: 300 });
      const asked = [
        one.modify('uid=a,dc=example', [set(SOFT, '1')], { postRead: 'entry' }),
        one.read('uid=a,dc=example'),
      ];
      for (const each of await Promise.allSettled(asked)) {
        expect(each).toMatchObject({ reason: { message: expect.stringMatching(/within 300 ms/) } });
      }
    } finally {
      server.close();
    }
  });
});

describe('a search whose end is malformed', () => {
  it.each([
    ['in its result', () => element(Operation.searchResultDone, enumerated(0), octetString('')), []],
    [
      'in the page that it speaks of',
      () => element(Operation.searchResultDone, enumerated(0), octetString(''), octetString('')),
      [{ type: '1.2.840.113556.1.4.319', criticality: false, value: Buffer.from('3005020100047f', 'hex') }],
    ],
  ])('%s is rejected, and the connection given up', async (_, done, controls) => {
    const server = await answeringServer((socket, id) => socket.write(encodeMessage(id, done(), controls)));
    try {
      const list = operations(server.url).search({ filter: '(uid=*)', attributes: ['uid'] }, { pageSize: 2 }, () => {});
      await expect(list).rejects.toMatchObject({ name: 'DirectoryError', resultCode: undefined });
    } finally {
      server.close();
    }
  });
});

describe('a paged list', () => {
  it('whose server answers with one empty page forever is rejected', async () => {
    const again = sequence(integer(0), octetString('the same'));
    const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));
    const paged = [{ type: '1.2.840.113556.1.4.319', criticality: false, value: again }];
    const server = await answeringServer((socket, id) => socket.write(encodeMessage(id, done, paged)));
    try {
      const list = operations(server.url).search({ filter: '(uid=*)', attributes: ['uid'] }, { pageSize: 2 }, () => {});
      await expect(list).rejects.toMatchObject({ message: expect.stringContaining('the same empty page') });
    } finally {
      server.close();
    }
  });
});

describe('result codes that are rare', () => {
  it.each([9, 15, 22, 70, 118, 122, 4096])(
    'such as %i end the operation, and neither process nor connection',
    async (code) => {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        const framer = new LdapFramer();
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          for (const { bytes, operation } of framer.push(chunk)) {
            const done = (tag: number, result: number, words: string) =>
              socket.write(
                encodeMessage(
                  readMessage(bytes).id,
                  element(tag, enumerated(result), octetString(''), octetString(words)),
                ),
              );
            if (operation === 'bindRequest') done(Operation.bindResponse, 0, '');
            if (operation === 'modifyRequest') done(103, code, 'as the server says');
          }
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const one = operations(`ldap://127.0.0.1:${(server.address() as AddressInfo).port}`);
        for (const _ of [1, 2]) {
          const attempt = one.modify('uid=a,dc=example', [set(SOFT, '1')], { postRead: 'entry' });
          await expect(attempt).rejects.toMatchObject({
            resultCode: code,
            message: expect.stringContaining('as the server says'),
          });
        }
        expect(sockets.size).toBe(1);
      } finally {
        for (const socket of sockets) socket.destroy();
        server.close();
      }
    },
  );
});

describe('an answer that is malformed', () => {
  const result = [enumerated(0), octetString(''), octetString('')];
  const done = element(0x67, ...result);
  const damaged: ReadonlyArray<readonly [string, (id: number) => Buffer]> = [
    ['in its controls', (id) => sequence(integer(id), done, Buffer.from('a001ff', 'hex'))],
    ['in its result', (id) => sequence(integer(id), element(0x67, enumerated(0), Buffer.from('047f', 'hex')))],
    ['in its length', () => Buffer.from('30847fffffff', 'hex')],
    ['in its kind', (id) => encodeMessage(id, element(Operation.searchResultDone, ...result))],
  ];

  it.each(damaged)('%s ends the connection, and not the process', async (_, answer) => {
    const server = await answeringServer((socket, id) => socket.write(answer(id)));
    try {
      const attempt = operations(server.url).modify('uid=a,dc=example', [set(SOFT, '1')], { postRead: 'entry' });
      const error: unknown = await attempt.catch((cause) => cause);
      expect(error).toMatchObject({ name: 'DirectoryError', resultCode: undefined });
      expect(String(error)).toMatch(/malformed|announced/);
    } finally {
      server.close();
    }
  });

  it('by a Post-Read control without a value is one without that control', async () => {
    const control = { type: '1.3.6.1.1.13.2', criticality: false };
    const server = await answeringServer((socket, id) => socket.write(encodeMessage(id, done, [control])));
    try {
      expect(
        await operations(server.url).modify('uid=a,dc=example', [set(SOFT, '1')], { postRead: 'entry' }),
      ).toBeUndefined();
    } finally {
      server.close();
    }
  });
});
