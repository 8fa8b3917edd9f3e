import type { DirectoryEntry } from '../../domain/entry.ts';
import { BerReader, octetString, sequence } from './ber.ts';
import { Operation } from './message.ts';
import { SearchEntry } from './search-entry.ts';

/**
 * The Post-Read control (RFC 4527, section 3.2): the response to a modify holds the entry after the
 * change.
 */
export const POST_READ = '1.3.6.1.1.13.2';

/** Encodes the value of the request control: the attributes to return. */
export function encodePostReadRequest(attributes: readonly string[]): Buffer {
  return sequence(...attributes.map((name) => octetString(name)));
}

/**
 * Decodes the value of the response control, a SearchResultEntry. Throws a DirectoryError if it is
 * malformed.
 */
export function decodePostReadResponse(value: Buffer): DirectoryEntry {
  const reader = new BerReader(value);
  reader.next(Operation.searchResultEntry);
  return new SearchEntry(value, reader.start, reader.stop);
}
