import type { DirectoryEntry } from '../domain/entry.ts';
import type { Connection } from './connection.ts';
import { Operation } from './wire/message.ts';
import { encodeSearch } from './wire/request.ts';
import { readSearchEntry } from './wire/search-entry.ts';

const ROOT_DSE = encodeSearch({
  base: '',
  scope: 'base',
  filter: '(objectClass=*)',
  attributes: ['vendorName', 'vendorVersion', 'objectClass'],
});

/** What the server says that it is, in a few words, from its root DSE (RFC 4512, section 5.1; RFC 3045). */
export function describeServer(connection: Connection): Promise<string> {
  return new Promise((resolve, reject) => {
    let description = 'unknown server';
    const id = connection.send(ROOT_DSE, {
      message: (message) => {
        if (message.operation === Operation.searchResultEntry) {
          description = describe(readSearchEntry(message));
        } else if (message.operation === Operation.searchResultDone) {
          connection.forget(id);
          resolve(description);
        }
      },
      failed: reject,
    });
  });
}

/** OpenLDAP names no vendor; the object class of its root DSE does. */
function describe(entry: DirectoryEntry): string {
  const text = (name: string) => entry.values(name).map((value) => value.toString('utf8').trim());
  const [version] = text('vendorVersion');
  const [vendor] = text('vendorName');
  if (version !== undefined || vendor !== undefined) return (version ?? vendor ?? '').slice(0, 100);
  return text('objectClass').includes('OpenLDAProotDSE') ? 'OpenLDAP' : 'unknown server';
}
