import { type LdapResult, readLdapResult } from './ldap-result.ts';
import { type LdapMessage, operationReader } from './message.ts';

/** The extended operation "Who am I?" (RFC 4532). */
export const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3';

const RESPONSE_VALUE = 0x8b;

/** The response to "Who am I?". */
export interface WhoAmI extends LdapResult {
  /**
   * The identity as `dn:DN` or `u:NAME` (RFC 4513, section 5.2.1.8). Empty for anonymous.
   * undefined: the response has no value.
   */
  readonly authzId: string | undefined;
}

/** Reads the response. Throws a DirectoryError if it is malformed. */
export function readWhoAmI(message: LdapMessage): WhoAmI {
  const result = readLdapResult(message);
  const reader = operationReader(message);
  let authzId: string | undefined;
  while (!reader.done) {
    if (reader.peek() === RESPONSE_VALUE) authzId = reader.text(RESPONSE_VALUE);
    else reader.skip();
  }
  return { ...result, authzId };
}
