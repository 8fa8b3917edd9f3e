import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boolean, element, enumerated, integer, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { ADMINISTRATOR_DN, accountDn } from '../../src/sandbox/tree.ts';
import { BASE } from '../support/accounts.ts';
import { closed } from '../support/closed.ts';
import { type Embedded, startEmbedded } from '../support/embedded-directory.ts';

const attribute = (name: string, ...values: string[]) =>
  sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value))));
const control = (oid: string, value: Buffer) =>
  element(0xa0, sequence(octetString(oid), boolean(true), octetString(value)));
const equality = element(0xa3, octetString('uid'), octetString('x'));
const search = (filter: Buffer) =>
  element(
    0x63,
    octetString(BASE),
    ...[enumerated(2), enumerated(0), integer(0), integer(0), boolean(false)],
    filter,
    sequence(octetString('*')),
  );

/** One request of each kind, as a client would send it. */
const REQUESTS: readonly Buffer[] = [
  element(0x60, integer(3), octetString(ADMINISTRATOR_DN), octetString('secret', 0x80)),
  search(element(0xa0, equality, element(0xa2, octetString('cn', 0x87)))),
  search(element(0xa4, octetString('cn'), sequence(octetString('a', 0x80), octetString('b', 0x81)))),
  search(element(0xa9, octetString('caseExactMatch', 0x81), octetString('cn', 0x82), octetString('x', 0x83))),
  Buffer.concat([search(equality), control('1.2.840.113556.1.4.319', sequence(integer(2), octetString('')))]),
  Buffer.concat([
    search(equality),
    control('2.16.840.1.113730.3.4.3', sequence(integer(15), boolean(false), boolean(true))),
  ]),
  Buffer.concat([
    element(
      0x66,
      octetString(accountDn('4000002')),
      sequence(sequence(enumerated(2), attribute('description', 'x', 'y'))),
    ),
    control('1.3.6.1.1.13.2', sequence(octetString('*'))),
  ]),
  element(0x68, octetString(accountDn('x')), sequence(attribute('objectClass', 'account'), attribute('uid', 'x'))),
  octetString(accountDn('x'), 0x4a),
  element(0x6c, octetString(accountDn('4000003')), octetString('uid=y'), boolean(true), octetString(BASE, 0x80)),
  element(0x6e, octetString(accountDn('4000002')), sequence(octetString('uid'), octetString('x'))),
  element(0x77, octetString('1.3.6.1.4.1.4203.1.11.3', 0x80)),
  integer(1, 0x50),
].map((body, index) => sequence(integer(index + 2), body));

describe('the embedded directory', () => {
  let server: Embedded;
  beforeAll(async () => {
    server = await startEmbedded();
  });
  afterAll(() => server.stop());

  /** Sends the bytes on a new connection, and waits until the server has closed it. */
  async function send(bytes: Buffer): Promise<void> {
    const socket = connect({ port: Number(new URL(server.login.url).port), host: '127.0.0.1' });
    socket.resume();
    socket.end(bytes);
    await closed(socket);
  }

  it('stands through requests of every kind with bytes changed, lost and put in', async () => {
    const damage = fc.record({
      at: fc.nat({ max: 400 }),
      remove: fc.nat({ max: 3 }),
      insert: fc.uint8Array({ maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...REQUESTS),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (sound, damages) => {
          let bytes = sound;
          for (const { at, remove, insert } of damages) {
            const from = at % bytes.length;
            bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
          }
          await send(Buffer.concat([REQUESTS[0] ?? Buffer.alloc(0), bytes]));
        },
      ),
      { numRuns: 500 },
    );
    expect(await server.read('4000001')).toBeDefined();
  });

  it('stands through bytes of no kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), (bytes) => send(Buffer.from(bytes))),
      { numRuns: 200 },
    );
    expect(await server.read('4000001')).toBeDefined();
  });

  it('reads requests that come byte by byte, and many at once', async () => {
    const socket = connect({ port: Number(new URL(server.login.url).port), host: '127.0.0.1' });
    await once(socket, 'connect');
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    const whoAmI = (id: number) => sequence(integer(id), element(0x77, octetString('1.3.6.1.4.1.4203.1.11.3', 0x80)));
    for (const byte of whoAmI(1)) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write(Buffer.concat([whoAmI(2), whoAmI(3), whoAmI(4)]));
    const answers = () => received.toString('latin1').split('\x78').length - 1;
    await expect.poll(answers, { timeout: 10_000, interval: 5 }).toBe(4);
    socket.destroy();
  });
});
