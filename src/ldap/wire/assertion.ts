import { encodeFilter } from './filter.ts';

/** The Assertion control (RFC 4528): the request is carried out only if the filter matches. */
export const ASSERTION = '1.3.6.1.1.12';

/** The value of the request control. */
export function encodeAssertion(filter: string): Buffer {
  return encodeFilter(filter);
}
