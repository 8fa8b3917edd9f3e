import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../config/fault.ts';
import { parseConfig } from '../../config/load-config.ts';
import { NO_ACCOUNTS } from '../../src/domain/condition.ts';
import { isLoopbackHost } from '../../src/domain/loopback.ts';
import { refusalOf } from '../../src/operator/guard.ts';
import { startOperatorServer } from '../../src/operator/server.ts';

/** By the names that everybody writes, and by which the operator interface is asked. */
const NAMED = ['localhost', 'LocalHost', '127.0.0.1', '127.255.0.9', '::1'];
const HERE = [
  ...NAMED,
  ...['localhost.', 'foo.localhost', 'a.b.LOCALHOST.', '127.1', '127.0.1', '0x7f.1', '0177.0.0.1', '2130706433'],
  ...['0:0:0:0:0:0:0:1', '0000::0001', '::0.0.0.1', '::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:7F01:203'],
];
const ELSEWHERE = [
  ...['localhost.example.org', 'notlocalhost', 'localhos', 'localhost..', 'example.org', '127.example.org', 'face'],
  ...['0.0.0.0', '192.0.2.1', '128.0.0.1', '127.0.0.256', '127.0.0.1.2', '127', '1', '127.0.0.1.', '127.0.0.999'],
  ...['::', '::2', '1::1', '::ffff:192.0.2.127', '::7f00:1', 'fe80::1', '::ffff:0:127.0.0.1', '64:ff9b::127.0.0.1'],
];
const CASES = [...HERE.map((host) => [host, true] as const), ...ELSEWHERE.map((host) => [host, false] as const)];

/** The host as it is written before a port. */
const written = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function faultsOf(directory: object, operator: object): string[] {
  const settings = { directory: { base: 'dc=example', ...directory }, script: { command: ['/bin/true'] }, operator };
  try {
    parseConfig(JSON.stringify(settings), {}, 'f');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ key }) => key);
  }
}

describe.each(CASES)('the host %s is this one: %s', (host, isHere) => {
  it('by the rule', () => {
    expect(isLoopbackHost(host)).toBe(isHere);
  });

  it('for the address that the operator interface may have, and for a password that is sent to it', () => {
    const operator = { listen: `${written(host)}:9465` };
    expect(faultsOf({ url: 'ldap://localhost' }, operator)).toEqual(isHere ? [] : ['operator.listen']);
    const directory = { url: `ldap://${written(host)}`, bindDn: 'cn=a', bindPassword: 'b' };
    expect(faultsOf(directory, {})).toEqual(isHere ? [] : ['directory.url']);
  });

  it('for the operator interface itself', async () => {
    const lookUp = async () => ({ address: '127.0.0.1' });
    const opening = startOperatorServer({
      listen: `${written(host)}:0`,
      events$: NEVER,
      accounts: NO_ACCOUNTS,
      limitMilliseconds: () => 0,
      version: '',
      now: Date.now,
      lookUp,
    });
    if (isHere) await (await opening).close();
    else await expect(opening).rejects.toMatchObject({ message: expect.stringContaining('may not listen on') });
  });

  it('for the requests that reach it, by its plain names, and by the one that it listens on', () => {
    const request = {
      method: 'GET',
      target: '/',
      hosts: [`${written(host)}:80`],
      origin: undefined,
      fetchSite: undefined,
    };
    expect(refusalOf(request, { host: '127.0.0.1', takesOrders: false })?.status).toBe(
      NAMED.includes(host) ? undefined : 403,
    );
    expect(refusalOf(request, { host, takesOrders: false })).toBeUndefined();
  });
});
