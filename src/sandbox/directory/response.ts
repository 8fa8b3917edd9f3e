import { element, enumerated, integer, octetString, sequence, Tag } from '../../ldap/wire/ber.ts';
import type { SelectedEntry } from './entry.ts';
import type { Operation } from './request.ts';

/** The result of an operation (RFC 4511, section 4.1.9). */
export interface Result {
  readonly code: number;
  readonly matchedDn: string;
  readonly message: string;
}

export interface ResponseControl {
  readonly oid: string;
  readonly value: Buffer;
}

/** The tag of the response to each operation that has one. */
export const RESPONSE_TAG = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  compare: 0x6f,
  extended: 0x78,
} as const satisfies Partial<Record<Operation['kind'], number>>;

/**
 * The response that ends an operation. `rest` holds the fields after the result, which depend on
 * the operation.
 */
export function resultMessage(
  messageId: number,
  tag: number,
  { code, matchedDn, message }: Result,
  controls: readonly ResponseControl[] = [],
  rest: readonly Buffer[] = [],
): Buffer {
  const body = element(tag, enumerated(code), octetString(matchedDn), octetString(message), ...rest);
  return envelope(messageId, body, controls);
}

/** A SearchResultEntry (RFC 4511, section 4.5.2). */
export function entryMessage(
  messageId: number,
  entry: SelectedEntry,
  controls: readonly ResponseControl[] = [],
): Buffer {
  return envelope(messageId, entryElement(entry), controls);
}

/**
 * A SearchResultEntry without the message around it, for the read controls (RFC 4527, section 3).
 */
export function entryElement({ dn, attributes }: SelectedEntry): Buffer {
  const list = attributes.map(({ name, values }) =>
    sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value)))),
  );
  return element(0x64, octetString(dn), sequence(...list));
}

/** Notice of Disconnection (RFC 4511, section 4.4.1). */
export function noticeOfDisconnection(result: Result): Buffer {
  return resultMessage(0, RESPONSE_TAG.extended, result, [], [octetString('1.3.6.1.4.1.1466.20036', 0x8a)]);
}

function envelope(messageId: number, body: Buffer, controls: readonly ResponseControl[]): Buffer {
  const list = controls.map(({ oid, value }) => sequence(octetString(oid), octetString(value)));
  return sequence(integer(messageId), body, ...(list.length === 0 ? [] : [element(0xa0, ...list)]));
}

/** The responseValue of the who-am-I operation. */
export function responseValue(value: string): Buffer {
  return octetString(value, 0x8b);
}
