import { describe, expect, it } from 'vitest';
import { comparableDn } from '../../src/domain/dn.ts';
import { readBasePath } from '../../src/lock/base-path.ts';
import { EntryConnection } from '../support/entry-connection.ts';

const BASE = 'ou=Zürich\\2C West,ou=accounts,dc=example,dc=org';
const ABOVE = ['ou=accounts,dc=example,dc=org', 'dc=example,dc=org', 'dc=org'] as const;

describe('the path of a base', () => {
  it('holds what the server calls the base and those above it, that of the root DSE not among them', async () => {
    const connection = new EntryConnection({
      [BASE]: { entryUUID: 'B-1', nsUniqueId: 'b-2' },
      [ABOVE[0]]: { entryUUID: 'a' },
      [ABOVE[1]]: {},
    });
    const { entries } = await readBasePath(connection, BASE);
    expect(connection.asked).toEqual([BASE, ...ABOVE]);
    expect(entries.map(({ ids }) => ids)).toEqual([
      { entryUUID: 'b-1', nsUniqueId: 'b-2' },
      { entryUUID: 'a' },
      {},
      {},
    ]);
    expect(entries.map(({ dn }) => dn)).toEqual([comparableDn(BASE), ...ABOVE]);
  });

  it('is shown in the words of the server, if the server shows the base', async () => {
    const asked = 'OU = zürich\\2C west , OU=Accounts,DC=Example,DC=ORG';
    const shown = await readBasePath(new EntryConnection({ [BASE]: {} }), asked);
    expect(shown.entries.map(({ dn }) => dn)).toEqual([comparableDn(BASE), ...ABOVE]);
    const hidden = await readBasePath(new EntryConnection({ 'ou=x,dc=org': 0 }), 'OU=X,DC=org');
    expect(hidden.entries).toEqual([
      { dn: 'ou=x,dc=org', ids: {} },
      { dn: 'dc=org', ids: {} },
    ]);
  });

  it.each([
    ['ldap://Server.Example', 'ldap://server.example:389'],
    ['ldaps://server.example/', 'ldaps://server.example:636'],
    ['ldap://[::1]:1389', 'ldap://::1:1389'],
    ['ldapi://%2Frun%2FLdapi', 'ldapi:///run/Ldapi'],
  ])('names the server at %s as %s', async (url, server) => {
    expect((await readBasePath(new EntryConnection({ [BASE]: {} }, url), BASE)).server).toBe(server);
  });

  it('fails where the base cannot be searched, or the connection breaks', async () => {
    const connection = new EntryConnection({ [BASE]: 50 });
    await expect(readBasePath(connection, BASE)).rejects.toMatchObject({ resultCode: 50 });
    connection.answering = new Promise(() => {});
    const reading = readBasePath(connection, BASE);
    connection.close();
    await expect(reading).rejects.toThrow('closed');
  });
});
