import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boolean, element, enumerated, integer, octetString, sequence } from '../../src/ldap/wire/ber.ts';
import { accountDn } from '../../src/sandbox/tree.ts';
import { BASE } from '../support/accounts.ts';
import { attempt, exited, track } from '../support/children.ts';
import { type Embedded, startEmbedded } from '../support/embedded-directory.ts';

const CONTROL = '2.16.840.1.113730.3.4.3';
const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const DONE = { sstProvisioningState: '20260101T000000Z' };

/** `ldapsearch` with a persistent search, and its output by record. */
class Watching {
  readonly #child;
  #printed = '';

  constructor(url: string) {
    const args = ['-x', '-H', url, '-b', BASE, '-o', 'ldif-wrap=no', '-E', `!${CONTROL}=::MAkCAQ8BAQABAf8=`];
    this.#child = track(spawn('ldapsearch', [...args, '(sstProvisioningState=0)', 'uid', 'sstProvisioningMode']));
    this.#child.stdout.setEncoding('utf8').on('data', (said: string) => {
      this.#printed += said;
    });
  }

  /** `uid=1 modify add`: the RDN, the kind of change (`-` for the initial content), the mode. */
  get records(): string[] {
    return this.#printed
      .split('\n\n')
      .filter((record) => /^dn: /m.test(record))
      .map((record) => {
        const [, rdn] = /^dn: ([^,]*),/m.exec(record) ?? [];
        const [, kind = '-'] = /^persistentSearch: (\w+)/m.exec(record) ?? [];
        const [, mode] = /^sstProvisioningMode: (.*)$/m.exec(record) ?? [];
        return `${rdn} ${kind} ${mode}`;
      });
  }

  get printed(): string {
    return this.#printed;
  }

  async saw(record: string): Promise<void> {
    await expect.poll(() => this.records, { timeout: 10_000, interval: 5 }).toContain(record);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await exited(this.#child);
  }
}

describe('a persistent search in the embedded directory', () => {
  let server: Embedded;
  let watching: Watching | undefined;
  const watch = () => {
    watching = new Watching(server.login.url);
    return watching;
  };
  beforeEach(async () => {
    server = await startEmbedded();
    for (const uid of ['4000003', '4000004']) await server.delete(accountDn(uid));
    await server.addAccount('1', OPEN);
  });
  afterEach(async () => {
    await watching?.stop();
    watching = undefined;
    await server.stop();
  });

  it('lists what is there, then tells of everything that happens to what matches', async () => {
    const seen = watch();
    await seen.saw('uid=1 - add');
    await server.addAccount('2', OPEN);
    await server.addAccount('3', DONE);
    await server.modify(accountDn('2'), { sstProvisioningMode: 'adding' });
    await server.modify(accountDn('3'), { sstProvisioningMode: 'modify', sstProvisioningState: '0' });
    await server.rename(accountDn('2'), accountDn('22'));
    await server.delete(accountDn('22'));
    await seen.saw('uid=22 delete adding');
    expect(seen.records).toEqual([
      'uid=1 - add',
      'uid=2 add add',
      'uid=2 modify adding',
      'uid=3 modify modify',
      'uid=22 moddn adding',
      'uid=22 delete adding',
    ]);
    const control =
      /control: 2\.16\.840\.1\.113730\.3\.4\.7 false (MEk\S*|MD\S*|ME\S*)$/m.exec(seen.printed)?.[1] ?? '';
    expect(Buffer.from(control, 'base64').toString('latin1')).toContain(accountDn('2'));
  });

  it('does not tell of an entry that ceases to match, nor of others', async () => {
    const seen = watch();
    await seen.saw('uid=1 - add');
    await server.modify(accountDn('1'), DONE);
    await server.modify(accountDn('4000001'), { cn: 'x' });
    await server.addAccount('2', OPEN);
    await seen.saw('uid=2 add add');
    expect(seen.records).toEqual(['uid=1 - add', 'uid=2 add add']);
  });

  it('notifies in the bytes of the draft, tells only the kinds asked for, and of nothing before', async () => {
    const client = await Raw.connect(server.login.url);
    client.send(2, searchFor({ changeTypes: 4, changesOnly: true, returnChanges: true }));
    await client.barrier(9);
    await server.addAccount('2', OPEN);
    await server.modify(accountDn('2'), { sstProvisioningMode: 'adding' });
    const received = await client.received((bytes) => bytes.includes('adding'));
    const notification = 'a02230200417322e31362e3834302e312e3131333733302e332e342e370405' + '30030a0104';
    expect(received.toString('hex')).toContain(notification);
    expect(received.toString('latin1').split('uid=2,')).toHaveLength(2);
    client.close();
  });

  it('does not say what kind of change it was unless asked', async () => {
    const client = await Raw.connect(server.login.url);
    client.send(2, searchFor({ changeTypes: 15, changesOnly: true, returnChanges: false }));
    await client.barrier(9);
    await server.delete(accountDn('1'));
    const received = await client.received((bytes) => bytes.includes('uid=1,'));
    expect(received.includes('113730')).toBe(false);
    client.close();
  });

  it('ends when it is abandoned, while the connection goes on', async () => {
    const client = await Raw.connect(server.login.url);
    client.send(2, searchFor({ changeTypes: 15, changesOnly: true, returnChanges: true }));
    client.send(3, { body: integer(2, 0x50), control: undefined });
    await client.barrier(9);
    await server.delete(accountDn('1'));
    const received = await client.barrier(10);
    expect(received.includes('uid=1,')).toBe(false);
    client.close();
  });

  it('ends at once with the size limit when there is more than that', async () => {
    await server.addAccount('2', OPEN);
    const bind = ['-x', '-H', server.login.url, '-b', BASE, '-z', '1'];
    const result = await attempt('ldapsearch', [
      ...bind,
      '-E',
      `!${CONTROL}=::MAkCAQ8BAQABAf8=`,
      '(sstProvisioningState=0)',
    ]);
    expect(result.code).toBe(4);
  });

  it('is refused with 32 where there is no base, and with 2 where its control cannot be read', async () => {
    const search = async (base: string, value: string) =>
      (await attempt('ldapsearch', ['-x', '-H', server.login.url, '-b', base, '-E', `!${CONTROL}=::${value}`])).code;
    expect(await search(`ou=nowhere,${BASE}`, 'MAkCAQ8BAQABAf8=')).toBe(32);
    expect(await search(BASE, 'MAMCAQ8=')).toBe(2);
  });

  it('is the only one offered: RFC 4533 is refused with 12', async () => {
    const search = (control: string) =>
      attempt('ldapsearch', ['-x', '-H', server.login.url, '-b', BASE, '-s', 'base', '-E', control]);
    expect((await search('!sync=ro')).code).toBe(12);
    expect((await search('sync=ro')).code).toBe(0);
  });
});

interface Sent {
  readonly body: Buffer;
  readonly control: Buffer | undefined;
}

/** A search for the open accounts, persistent if there is an argument. */
function searchFor(asked?: { changeTypes: number; changesOnly: boolean; returnChanges: boolean }, state = '0'): Sent {
  const filter = element(0xa3, octetString('sstProvisioningState'), octetString(state));
  const limits = [enumerated(2), enumerated(0), integer(0), integer(0), boolean(false)];
  return {
    body: element(0x63, octetString(BASE), ...limits, filter, sequence(octetString('sstProvisioningMode'))),
    control:
      asked &&
      sequence(
        octetString(CONTROL),
        boolean(true),
        octetString(sequence(integer(asked.changeTypes), boolean(asked.changesOnly), boolean(asked.returnChanges))),
      ),
  };
}

/** A connection for raw bytes. */
class Raw {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  static async connect(url: string): Promise<Raw> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    return new Raw(socket);
  }

  send(messageId: number, { body, control }: Sent): void {
    this.#socket.write(sequence(integer(messageId), body, ...(control === undefined ? [] : [element(0xa0, control)])));
  }

  /** Resolves when the server has carried out all earlier requests, as it does so in order. */
  barrier(messageId: number): Promise<Buffer> {
    this.send(messageId, searchFor(undefined, '(none)'));
    return this.received((bytes) => bytes.includes(Buffer.of(2, 1, messageId, 0x65)));
  }

  async received(wanted: (bytes: Buffer) => boolean): Promise<Buffer> {
    await expect.poll(() => wanted(this.#bytes), { timeout: 10_000, interval: 5 }).toBe(true);
    return this.#bytes;
  }

  close(): void {
    this.#socket.destroy();
  }
}
