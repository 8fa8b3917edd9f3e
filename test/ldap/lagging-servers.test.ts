import { describe, expect, it } from 'vitest';
import { LaggingServers } from '../../src/ldap/lagging-servers.ts';

describe('a server that lags', () => {
  it('is left once for the next one, and stayed with when that is no better', () => {
    const servers = new LaggingServers(() => ['a', 'b', 'c']);
    expect(servers.refreshed('a', true)).toMatchObject({ message: expect.stringContaining('a: the server shows') });
    expect(servers.refreshed('b', true)).toBeDefined();
    expect(servers.refreshed('a', true)).toBeUndefined();
    expect(servers.refreshed('c', true)).toBeUndefined();
  });

  it('is left again where a server that did not lag was in use since', () => {
    const servers = new LaggingServers(() => ['a', 'b']);
    expect(servers.refreshed('a', true)).toBeDefined();
    expect(servers.refreshed('b', false)).toBeUndefined();
    expect(servers.refreshed('a', true)).toBeDefined();
  });

  it('is stayed with where it is the only one', () => {
    expect(new LaggingServers(() => ['a']).refreshed('a', true)).toBeUndefined();
  });
});
