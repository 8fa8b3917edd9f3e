import { ResultCode } from '../domain/directory-error.ts';
import { comparableDn, parentOf } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { Connection } from '../ldap/connection.ts';
import type { LdapUrl } from '../ldap/ldap-url.ts';
import { resultError } from '../ldap/remedies.ts';
import { type LdapResult, readLdapResult } from '../ldap/wire/ldap-result.ts';
import { Operation } from '../ldap/wire/message.ts';
import { encodeSearch } from '../ldap/wire/request.ts';
import { readSearchEntry } from '../ldap/wire/search-entry.ts';
import type { BasePath, EntryIdentity } from './compatibility.ts';

/** The permanent identifiers of an entry: that of RFC 4530, and that of 389 Directory Server. */
const IDENTIFIERS = ['entryUUID', 'nsUniqueId'] as const;

/** The part of a connection with which the entries are read. */
export type BasePathConnection = Pick<Connection, 'send' | 'forget' | 'url' | 'target'>;

/**
 * Reads the identity of the entry at `base`, and of those above it, as the server returns them, in
 * one round trip. For an entry that may not be read, only the DN is known: in the server's spelling
 * if the base may be read. Rejects with a DirectoryError if the base cannot be searched, or if the
 * connection fails. It has no time limit, so the caller must watch for a silent server.
 */
export async function readBasePath(connection: BasePathConnection, base: string): Promise<BasePath> {
  const own = readEntry(connection, base);
  const above = ancestorsOf(base).map((dn) => readEntry(connection, dn));
  const [self, ...found] = await Promise.all([own, ...above]);
  if (self.result.resultCode !== ResultCode.success)
    throw resultError(`the base "${base}" on ${connection.url}`, self.result);
  let dn: string | undefined = self.entry?.dn ?? base;
  const entries: EntryIdentity[] = [];
  for (const { entry } of [self, ...found]) {
    if (dn === undefined || dn === '') break; // the server's DN of the base has fewer RDNs
    entries.push({ dn: comparableDn(dn), ids: idsOf(entry) });
    dn = parentOf(dn);
  }
  return { server: serverAt(connection.target), entries };
}

/** The DNs above a configured DN, upwards, without that of the root DSE. */
function ancestorsOf(dn: string): string[] {
  const above = parentOf(dn);
  return above === undefined || above === '' ? [] : [above, ...ancestorsOf(above)];
}

function idsOf(entry: DirectoryEntry | undefined): Record<string, string> {
  const readable = IDENTIFIERS.flatMap((name) => {
    const [value] = entry?.values(name) ?? [];
    return value === undefined || value.length === 0 ? [] : [[name, value.toString('latin1').toLowerCase()] as const];
  });
  return Object.fromEntries(readable);
}

/** The URL of a server in one spelling. Two names of one host give two URLs. */
function serverAt(target: LdapUrl): string {
  return target.scheme === 'ldapi'
    ? `ldapi://${target.path}`
    : `${target.scheme}://${target.host.toLowerCase()}:${target.port}`;
}

interface EntryResponse {
  readonly entry: DirectoryEntry | undefined;
  readonly result: LdapResult;
}

function readEntry(connection: BasePathConnection, dn: string): Promise<EntryResponse> {
  return new Promise((resolve, reject) => {
    let entry: DirectoryEntry | undefined;
    const request = { base: dn, scope: 'base', filter: '(objectClass=*)', attributes: IDENTIFIERS } as const;
    const id = connection.send(encodeSearch(request), {
      message: (message) => {
        if (message.operation === Operation.searchResultEntry) entry = readSearchEntry(message);
        if (message.operation !== Operation.searchResultDone) return;
        const result = readLdapResult(message);
        connection.forget(id);
        resolve({ entry, result });
      },
      failed: reject,
    });
  });
}
