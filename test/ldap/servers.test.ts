import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { atFirstServer, currentUrls, inOrder, type SrvRecord } from '../../src/ldap/servers.ts';
import { DnsServer } from '../support/dns-server.ts';

function record(name: string, priority = 0, weight = 0, port = 389): SrvRecord {
  return { name, port, priority, weight };
}

describe('the order of the records', () => {
  it('is by priority, and has each record once', () => {
    const records = fc.array(fc.record({ priority: fc.nat(3), weight: fc.nat(100) }), { maxLength: 12 });
    fc.assert(
      fc.property(
        records,
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (made, stream) => {
          const given = made.map(({ priority, weight }, index) => record(`${index}`, priority, weight));
          const ordered = inOrder(given, () => stream.next().value as number);
          expect([...ordered].sort((a, b) => Number(a.name) - Number(b.name))).toEqual(given);
          const priorities = ordered.map(({ priority }) => priority);
          expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('is at random by weight among equal ones', () => {
    const given = [record('light', 0, 1), record('heavy', 0, 3)];
    const first = Array.from({ length: 100 }, (_, index) => inOrder(given, () => index / 100)[0]?.name);
    // The random number is one of 0 to 4, of which 2 to 4 are beyond the weight of the light one.
    expect(first.filter((name) => name === 'heavy')).toHaveLength(60);
  });
});

describe('the servers that DNS names', () => {
  let dns: DnsServer;
  beforeEach(async () => {
    dns = await DnsServer.start();
  });
  afterEach(() => dns.stop());

  const lookUp = async (...written: string[]) => currentUrls(written, { resolve: dns.resolve, random: () => 0 });

  it('are tried in the order of their records, each once, by the names and ports in them', async () => {
    dns.answer = [record('two.example', 2), record('One.Example.', 1, 0, 3890), record('two.example', 3)];
    expect(await lookUp('srv:example.org', 'ldap://two.example:389', 'ldapi://')).toEqual([
      'ldap://one.example:3890',
      'ldap://two.example:389',
      'ldapi://',
    ]);
    expect(dns.asked).toEqual(['_ldap._tcp.example.org']);
  });

  it.each([
    ['nameError', /no SRV records of _ldap\._tcp\.example\.org \(ENOTFOUND\); add one to the zone/],
    ['serverFailure', /does not answer for _ldap\._tcp\.example\.org \(ESERVFAIL\); check the name servers/],
    ['silence', /does not answer for _ldap\._tcp\.example\.org \(ETIMEOUT\)/],
    [[], /no SRV records of _ldap\._tcp\.example\.org \(ENODATA\)/],
    [[record('')], /name no server; a target of "\."/],
    [[record('evil/name'), record('host', 0, 0, 0)], /name no server/],
  ] as const)('are missing with words: %j', async (answer, words) => {
    dns.answer = answer;
    const error = await lookUp('srv:example.org').catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(DirectoryError);
    expect((error as DirectoryError).sentence).toMatch(words);
  });

  it('need not be known where there are others, which is said', async () => {
    const failed: string[] = [];
    const options = { resolve: dns.resolve, failed: (error: DirectoryError) => failed.push(error.message) };
    expect(await currentUrls(['srv:example.org', 'ldap://a'], options)).toEqual(['ldap://a']);
    expect(failed).toEqual([expect.stringContaining('srv:example.org')]);
  });

  it('are not asked for where no domain is written', async () => {
    expect(currentUrls(['ldap://a', 'ldap://b'])).toEqual([['ldap://a', 'ldap://b']]);
  });
});

describe('what is done once, at one server', () => {
  const tried: string[] = [];
  const attempt = async (url: string): Promise<string> => {
    tried.push(url);
    if (url.startsWith('ldap://down')) throw new DirectoryError(`${url} is away`);
    if (url === 'ldap://defect') throw new TypeError('a bug');
    return `done at ${url}`;
  };
  beforeEach(() => {
    tried.length = 0;
  });

  it('is done at the first one that takes it', async () => {
    expect(await atFirstServer(['ldap://down-1', 'ldap://up', 'ldap://down-2'], attempt)).toBe('done at ldap://up');
    expect(tried).toEqual(['ldap://down-1', 'ldap://up']);
  });

  it('fails for the reason of the last one if none takes it', async () => {
    await expect(atFirstServer(['ldap://down-1', 'ldap://down-2'], attempt)).rejects.toThrow('ldap://down-2 is away');
  });

  it('fails at once where the failure is not one of the directory', async () => {
    await expect(atFirstServer(['ldap://defect', 'ldap://up'], attempt)).rejects.toThrow(TypeError);
    expect(tried).toEqual(['ldap://defect']);
  });
});
