import type { DirectoryEntry } from '../../domain/entry.ts';
import { type BerReader, octetString, sequence } from './ber.ts';
import { Operation } from './message.ts';
import { SearchEntry } from './search-entry.ts';

/**
 * The Post-Read control (RFC 4527, section 3.2). With it the response to a modify holds the entry
 * after the change.
 */
export const POST_READ = '1.3.6.1.1.13.2';

/** Encodes the value of the request control: the attributes to return. */
export function encodePostReadRequest(attributes: readonly string[]): Buffer {
  return sequence(...attributes.map((name) => octetString(name)));
}

/**
 * Reads the value of the response control, a SearchResultEntry, and copies it. undefined: the
 * control has no value. Throws a DirectoryError if it is malformed.
 */
export function readPostRead(value: BerReader): DirectoryEntry | undefined {
  if (value.done) return undefined;
  value.next(Operation.searchResultEntry);
  return new SearchEntry(value.bytes, value.start, value.stop);
}
