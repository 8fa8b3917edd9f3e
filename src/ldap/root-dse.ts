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
  attributes: ['vendorName', 'vendorVersion', 'objectClass', 'supportedControl', 'supportedCapabilities'],
});

/** The capability that Active Directory and Samba's domain controllers list. */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

/** The servers for which the service has instructions of their own. */
export type ServerKind = 'OpenLDAP' | '389-ds' | 'Active Directory' | 'other';

/** What a server says about itself. */
export interface ServerFacts {
  readonly kind: ServerKind;
  /** Vendor and version, as short text. */
  readonly description: string;
  readonly fencing: Fencing;
  /** The object identifiers of the controls that the server lists. */
  readonly controls: ReadonlySet<string>;
}

/**
 * Reads the root DSE (RFC 4512, section 5.1; RFC 3045 for the vendor). Rejects with a
 * DirectoryError when the connection fails.
 */
export function describeServer(connection: Connection): Promise<ServerFacts> {
  return new Promise((resolve, reject) => {
    let facts: ServerFacts = { kind: 'other', description: 'unknown server', fencing: 'token', controls: new Set() };
    const id = connection.send(ROOT_DSE, {
      message: (message) => {
        if (message.operation === Operation.searchResultEntry) {
          const entry = readSearchEntry(message);
          const controls = new Set(entry.values('supportedControl').map((oid) => oid.toString('latin1').trim()));
          facts = { ...identify(entry), fencing: fencingOf(controls), controls };
        } else if (endsSearch(message)) {
          connection.forget(id);
          resolve(facts);
        }
      },
      failed: reject,
    });
  });
}

/**
 * Names the server. OpenLDAP and Active Directory have no vendor attributes, but are recognised by
 * the object class of the root DSE and by a capability.
 */
function identify(entry: DirectoryEntry): Pick<ServerFacts, 'kind' | 'description'> {
  const text = (name: string) => entry.values(name).map((value) => value.toString('utf8').trim());
  const [version] = text('vendorVersion');
  const [vendor] = text('vendorName');
  const kind = text('supportedCapabilities').includes(ACTIVE_DIRECTORY)
    ? 'Active Directory'
    : text('objectClass').includes('OpenLDAProotDSE')
      ? 'OpenLDAP'
      : vendor === '389 Project'
        ? '389-ds'
        : 'other';
  // The version of 389-ds contains the name of the vendor.
  const vendorText = kind === '389-ds' && version !== undefined ? version : [vendor, version].filter(Boolean).join(' ');
  const named = kind === 'other' ? 'unknown server' : kind;
  return { kind, description: (vendorText === '' ? named : vendorText).slice(0, 100) };
}

/**
 * Chooses the fencing. Fencing by version needs two controls: Post-Read, which returns the version
 * that a claim made, and Assertion, which requires that version at the outcome.
 */
function fencingOf(offered: ReadonlySet<string>): Fencing {
  return offered.has(ASSERTION) && offered.has(POST_READ) ? 'version' : 'token';
}
