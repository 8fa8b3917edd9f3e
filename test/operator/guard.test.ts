import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoopbackName } from '../../src/domain/loopback.ts';
import { refusalOf } from '../../src/operator/guard.ts';
import { OperatorError, readAddress, showAddress } from '../../src/operator/listen-address.ts';

const asked = (host: string | undefined) =>
  refusalOf(
    { method: 'GET', target: '/', hosts: host === undefined ? [] : [host], origin: undefined, fetchSite: undefined },
    { host: '127.0.0.1', takesOrders: false },
  );

describe('the Host header', () => {
  it('passes for no name that is not a loopback one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.string()), fc.nat(65_535), (name, port) => {
        fc.pre(!isLoopbackName(name.toLowerCase()));
        expect([400, 403]).toContain(asked(`${name}:${port}`)?.status);
      }),
    );
  });

  it.each(['127.0.0.1', '127.1.2.3:80', 'LOCALHOST', 'localhost:1', '[::1]', '[::1]:9'])('passes for %s', (host) => {
    expect(asked(host)).toBeUndefined();
  });

  it.each([
    ...['evil.localhost', 'localhost.', 'LOCALHOST.:80', '127.1', '127.0.1:80', '0x7f.1', '0x7f000001', '2130706433'],
    ...[
      '0177.0.0.1',
      '127.0.0.01',
      '127.0.0.1.',
      '[0:0:0:0:0:0:0:1]:9',
      '[::0001]',
      '[::ffff:127.0.0.1]',
      '[::7f00:1]',
    ],
  ])('passes for no other spelling of them: %s', (host) => {
    expect(asked(host)?.status).toBe(403);
  });

  it('passes for the host that is listened on, as it is written', () => {
    const facts = { method: 'GET', target: '/', hosts: ['Backup.example:80'], origin: undefined, fetchSite: undefined };
    expect(refusalOf(facts, { host: 'backup.Example', takesOrders: false })).toBeUndefined();
    expect(refusalOf(facts, { host: 'ackup.example', takesOrders: false })?.status).toBe(403);
  });

  it.each([
    ...[undefined, '', ':80', '[::1', '[::1]80', 'localhost:x', 'localhost:', 'localhost:0', 'localhost:65536'],
    ...['localhost:99999', 'localhost:8 0', 'localhost:+80', '127.0.0.1@evil', 'evil@127.0.0.1', '127.0.0.1 evil'],
    ...['localhost, evil', 'localhost/', 'http://localhost', 'localhost#evil', 'localhost?evil', 'localhost\\evil'],
  ])('is none where it is %s', (host) => {
    expect(asked(host)?.status).toBe(400);
  });
});

describe('an address', () => {
  it.each(['127.0.0.1:9465', '[::1]:9465', 'localhost:0', 'unix:/run/operator.sock'])(
    'is shown as it is read: %s',
    (text) => {
      expect(showAddress(readAddress(text))).toBe(text);
    },
  );

  it.each(['', '9465', 'host', 'host:', 'host:99999', 'unix:', 'unix:run/x', '::1:80', 'a b:80'])(
    'is refused: "%s"',
    (text) => {
      expect(() => readAddress(text)).toThrow(OperatorError);
    },
  );
});

describe('an order', () => {
  const PAUSE = { method: 'POST', target: '/pause', hosts: ['localhost'], origin: undefined, fetchSite: undefined };
  const SOCKET = { host: 'localhost', takesOrders: true };

  it('passes on a Unix socket, and on no address', () => {
    expect(refusalOf(PAUSE, SOCKET)).toBeUndefined();
    expect(refusalOf(PAUSE, { host: '127.0.0.1', takesOrders: false })?.status).toBe(403);
  });

  it.each([
    ['an Origin', { origin: 'http://localhost' }],
    ['a Sec-Fetch-Site', { fetchSite: 'none' }],
    ['a foreign Host', { hosts: ['attacker.example'] }],
  ])('passes with %s nowhere, as a browser may send it', (_, changes) => {
    expect(refusalOf({ ...PAUSE, ...changes }, SOCKET)?.status).toBe(403);
  });

  it('is a POST to its path, and nothing else', () => {
    expect(refusalOf({ ...PAUSE, target: '/status' }, SOCKET)?.status).toBe(405);
    expect(refusalOf({ ...PAUSE, target: '/pause?x' }, SOCKET)?.status).toBe(405);
    expect(refusalOf({ ...PAUSE, method: 'PUT' }, SOCKET)?.status).toBe(405);
  });
});
