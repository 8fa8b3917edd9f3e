import type { DirectoryEntry } from '../domain/entry.ts';
import type { Fencing } from '../domain/fence.ts';
import type { Connection } from './connection.ts';
import { ASSERTION } from './wire/assertion.ts';
import { endsSearch, Operation } from './wire/message.ts';
import { POST_READ } from './wire/post-read.ts';
import { encodeSearch } from './wire/request.ts';
import { readSearchEntry } from './wire/search-entry.ts';

const ROOT_DSE = encodeSearch({
  base: '',
  scope: 'base',
  filter: '(objectClass=*)',
  attributes: ['vendorName', 'vendorVersion', 'objectClass', 'supportedControl'],
});

/** What a server says about itself. */
export interface ServerFacts {
  /** Vendor and version, as short text. */
  readonly description: string;
  readonly fencing: Fencing;
  /** The object identifiers of the controls that it names. */
  readonly controls: ReadonlySet<string>;
}

/**
 * Reads the root DSE (RFC 4512, section 5.1; RFC 3045 for the vendor). Rejects with a
 * DirectoryError when the connection fails.
 */
export function describeServer(connection: Connection): Promise<ServerFacts> {
  return new Promise((resolve, reject) => {
    let facts: ServerFacts = { description: 'unknown server', fencing: 'token', controls: new Set() };
    const id = connection.send(ROOT_DSE, {
      message: (message) => {
        if (message.operation === Operation.searchResultEntry) {
          const entry = readSearchEntry(message);
          const controls = new Set(entry.values('supportedControl').map((oid) => oid.toString('latin1').trim()));
          facts = { description: describe(entry), fencing: fencingOf(controls), controls };
        } else if (endsSearch(message)) {
          connection.forget(id);
          resolve(facts);
        }
      },
      failed: reject,
    });
  });
}

/** OpenLDAP gives no vendor attributes, but the object class of its root DSE names it. */
function describe(entry: DirectoryEntry): string {
  const text = (name: string) => entry.values(name).map((value) => value.toString('utf8').trim());
  const [version] = text('vendorVersion');
  const [vendor] = text('vendorName');
  if (version !== undefined || vendor !== undefined) return (version ?? vendor ?? '').slice(0, 100);
  return text('objectClass').includes('OpenLDAProotDSE') ? 'OpenLDAP' : 'unknown server';
}

/**
 * Fencing by version needs both controls: Post-Read, to learn the version that a claim made, and
 * Assertion, to require that version at the outcome.
 */
function fencingOf(offered: ReadonlySet<string>): Fencing {
  return offered.has(ASSERTION) && offered.has(POST_READ) ? 'version' : 'token';
}
