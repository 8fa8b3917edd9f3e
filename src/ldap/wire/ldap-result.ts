import { Tag } from './ber.ts';
import { type LdapMessage, operationReader } from './message.ts';

/** An LDAPResult (RFC 4511, section 4.1.9). */
export interface LdapResult {
  /** The code may be larger than one byte: 4096 is e-syncRefreshRequired (RFC 4533). */
  readonly resultCode: number;
  readonly matchedDN: string;
  /** The server's text, trimmed; may be empty. */
  readonly diagnosticMessage: string;
  readonly referrals: readonly string[];
  /** The responseName of an ExtendedResponse; undefined if there is none. */
  readonly responseName: string | undefined;
}

const REFERRAL = 0xa3;
const RESPONSE_NAME = 0x8a;

/**
 * Reads the LDAPResult of a response, such as SearchResultDone. Throws a DirectoryError if it is
 * malformed.
 */
export function readLdapResult(message: LdapMessage): LdapResult {
  const reader = operationReader(message);
  const resultCode = reader.integer(Tag.enumerated);
  const matchedDN = reader.text();
  const diagnosticMessage = reader.text().trim();
  const referrals: string[] = [];
  let responseName: string | undefined;
  while (!reader.done) {
    const tag = reader.peek();
    if (tag === REFERRAL) {
      const uris = reader.enter(tag);
      while (!uris.done) referrals.push(uris.text());
    } else if (tag === RESPONSE_NAME) responseName = reader.text(tag);
    else reader.skip();
  }
  return { resultCode, matchedDN, diagnosticMessage, referrals, responseName };
}
