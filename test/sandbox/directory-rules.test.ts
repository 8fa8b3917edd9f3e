import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNTS_DN,
  ADMINISTRATOR_DN,
  accountDn,
  SERVICE_DN as SANDBOX_SERVICE_DN,
  SUFFIX_DN,
} from '../../src/sandbox/tree.ts';
import { accountLdif, accountDn as accountName, BASE, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { closed } from '../support/closed.ts';
import { type Embedded, startEmbedded } from '../support/embedded-directory.ts';
import { text } from '../support/test-directory.ts';

describe('the embedded directory', () => {
  let server: Embedded;
  beforeEach(async () => {
    server = await startEmbedded();
  });
  afterEach(() => server.stop());

  const as = (dn: string, password: string) => ['-x', '-H', server.login.url, '-D', dn, '-w', password];
  const modify = (who: readonly string[], lines: string) => attempt('ldapmodify', who, { input: `${lines}\n` });

  it('has the names that a stoney backup site has', () => {
    expect([SANDBOX_SERVICE_DN, ACCOUNTS_DN]).toEqual([SERVICE_DN, BASE]);
  });

  it('refuses a wrong password, an unknown name and a name without password', async () => {
    const whoami = async (...args: string[]) => (await attempt('ldapwhoami', ['-H', server.login.url, ...args])).code;
    expect(await whoami('-x', '-D', ADMINISTRATOR_DN, '-w', 'wrong')).toBe(49);
    expect(await whoami('-x', '-D', `cn=nobody,${SUFFIX_DN}`, '-w', 'secret')).toBe(49);
    expect(await whoami('-x', '-D', ADMINISTRATOR_DN)).toBe(53);
    expect(await whoami('-x', '-D', 'nonsense', '-w', 'secret')).toBe(34);
    expect(
      (await attempt('ldapsearch', ['-x', '-P', '2', '-H', server.login.url, '-D', ADMINISTRATOR_DN, '-w', 'secret']))
        .code,
    ).toBe(2);
    expect(await whoami('-x', '-ZZ')).not.toBe(0);
    expect(await whoami('-x')).toBe(0);
  });

  it('refuses SASL', async () => {
    const saslBind = Buffer.from('301602010160110201030400a30a040845585445524e414c', 'hex');
    const unbind = Buffer.from('30050201024200', 'hex');
    const socket = connect(Number(new URL(server.login.url).port), '127.0.0.1');
    const received = await talk(socket, Buffer.concat([saslBind, unbind]));
    expect(received.toString('hex')).toContain('0a0107');
  });

  it('lets everybody read, without the passwords', async () => {
    const search = async (...who: string[]) =>
      (await attempt('ldapsearch', ['-LLL', ...who, '-b', SERVICE_DN, '(userPassword=*)', 'userPassword'])).stdout;
    expect(await search('-x', '-H', server.login.url)).toBe('');
    expect(await search(...as(SERVICE_DN, SERVICE_PASSWORD))).toBe('');
    expect(await search(...as(ADMINISTRATOR_DN, 'secret'))).toContain('userPassword');
  });

  it('lets the service write what is provisioning, below the accounts, and nothing else', async () => {
    const service = as(SERVICE_DN, SERVICE_PASSWORD);
    const change = (dn: string, name: string) =>
      modify(service, `dn: ${dn}\nchangetype: modify\nreplace: ${name}\n${name}: 7`);
    expect((await change(accountDn('4000001'), 'sstProvisioningReturnValue')).code).toBe(0);
    expect((await change(accountDn('4000001'), 'sstQuota')).code).toBe(50);
    expect((await change(SERVICE_DN, 'sstProvisioningReturnValue')).code).toBe(50);
    expect((await attempt('ldapdelete', [...service, accountDn('4000001')])).code).toBe(50);
    expect((await attempt('ldapdelete', ['-x', '-H', server.login.url, accountDn('4000001')])).code).toBe(50);
  });

  it('renames a unit with all that is in it', async () => {
    await server.rename(ACCOUNTS_DN, ACCOUNTS_DN.replace('ou=accounts', 'ou=archive'));
    expect(await server.read('4000001')).toBeUndefined();
    const moved = await server.readEntry(accountDn('4000001').replace('ou=accounts', 'ou=archive'));
    expect(moved && text(moved, 'uid')).toBe('4000001');
  });

  it('refuses to move an entry below itself, and to rename the suffix', async () => {
    const rename = async (...args: string[]) =>
      (await attempt('ldapmodrdn', [...as(ADMINISTRATOR_DN, 'secret'), ...args])).code;
    expect(await rename('-s', ACCOUNTS_DN, `ou=backup,ou=services,${SUFFIX_DN}`, 'ou=backup')).toBe(53);
    expect(await rename(SUFFIX_DN, 'dc=other')).toBe(53);
  });

  it('keeps bytes that are no text', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80, 0x0a]);
    await server.modify(accountDn('4000001'), { jpegPhoto: bytes });
    const entry = await server.read('4000001');
    expect(entry?.values('jpegPhoto')).toEqual([bytes]);
  });

  it('carries names with commas, quotes, umlauts and blanks', async () => {
    for (const uid of ['a,b', 'q"u\\o', 'für alle', ' #x ', 'a+b=c', '4000009\u00e9']) {
      const dn = accountName(uid);
      expect((await server.load(accountLdif(uid))).stderr).toBe('');
      const bind = as(ADMINISTRATOR_DN, 'secret');
      const found = await attempt('ldapsearch', ['-LLL', ...bind, '-s', 'base', '-b', dn, 'uid']);
      const printed = /^uid:(:?) (.*)$/m.exec(found.stdout) ?? [];
      expect(printed[1] === ':' ? Buffer.from(printed[2] ?? '', 'base64').toString('utf8') : printed[2]).toBe(uid);
      expect((await attempt('ldapdelete', [...bind, dn])).stderr).toBe('');
    }
  });

  it('gives an entry that is made again another entryUUID', async () => {
    const id = async () => {
      const entry = await server.read('4000001');
      return entry === undefined ? undefined : text(entry, 'entryUUID');
    };
    const before = await id();
    await server.delete(accountDn('4000001'));
    await server.addAccount('4000001');
    expect(await id()).not.toBe(before);
  });

  it.each([
    ['bytes that are no LDAP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an unknown operation', Buffer.from('30050201017f00', 'hex')],
    ['an operation that breaks off', Buffer.from('3009020101630404020041', 'hex')],
    ['a message id of zero', Buffer.from('30050201004200', 'hex')],
    ['a length beyond all bounds', Buffer.from('3084ffffffff020101', 'hex')],
    ['a filter nested without end', nestedFilter()],
  ])('takes leave of a client that sends %s, and serves the others', async (_, bytes) => {
    const socket = connect(Number(new URL(server.login.url).port), '127.0.0.1');
    const received = await talk(socket, bytes);
    expect(received.toString('latin1')).toContain('1.3.6.1.4.1.1466.20036');
    expect(await server.read('4000001')).toBeDefined();
  });
});

/** Everything that the server sends until it closes the connection. */
async function talk(socket: Socket, bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.write(bytes);
  await closed(socket);
  return Buffer.concat(parts);
}

/** A search whose filter is (!(!(!(... )))), nested far too deeply. */
function nestedFilter(): Buffer {
  const wrap = (tag: number, value: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return Buffer.concat([Buffer.of(tag, 0x84), length, value]);
  };
  let filter: Buffer = Buffer.from('870361616100', 'hex').subarray(0, 5);
  for (let depth = 0; depth < 5000; depth += 1) filter = wrap(0xa2, filter);
  const head = Buffer.from('04000a01020a0100020100020100010100', 'hex');
  const body = wrap(0x63, Buffer.concat([head, filter, Buffer.from('3000', 'hex')]));
  return wrap(0x30, Buffer.concat([Buffer.from('020101', 'hex'), body]));
}
