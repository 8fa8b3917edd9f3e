import { BerReader, boolean, element, integer, malformed, octetString, sequence, Tag } from './ber.ts';

/** The application tags of the protocol operations in use (RFC 4511, section 4). */
export const Operation = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  abandonRequest: 0x50,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  searchResultReference: 0x73,
  modifyRequest: 0x66,
  modifyResponse: 0x67,
  addRequest: 0x68,
  addResponse: 0x69,
  deleteRequest: 0x4a,
  deleteResponse: 0x6b,
  modifyDnRequest: 0x6c,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  intermediateResponse: 0x79,
} as const;

const CONTROLS = 0xa0;

/**
 * One LDAPMessage (RFC 4511, section 4.1.1). Its parts are not decoded yet. It points into bytes
 * that are valid only until the receiver returns, so a receiver copies what it keeps.
 */
export interface LdapMessage {
  readonly id: number;
  /** The tag of the protocol operation. */
  readonly operation: number;
  readonly bytes: Buffer;
  /** The bounds of the operation's value. */
  readonly start: number;
  readonly end: number;
  /** The bounds of the controls' value; equal if the message has no controls. */
  readonly controlsStart: number;
  readonly controlsEnd: number;
  /**
   * The original length in bytes, if the message was over the limit. Its content is left out (see
   * `OversizedMessage`).
   */
  readonly shortenedFrom?: number;
}

/**
 * Reads the envelope of the message in bytes[start..end). Throws a DirectoryError if it is
 * malformed.
 */
export function readMessage(bytes: Buffer, start = 0, end = bytes.length): LdapMessage {
  const reader = new BerReader(bytes, start, end);
  reader.next(Tag.sequence);
  const limit = reader.stop;
  if (limit !== end) throw malformed('its length is not that of its content');
  reader.offset = reader.start;
  const id = reader.integer();
  if (reader.done) throw malformed('it holds no operation');
  const operation = reader.peek();
  reader.next(operation);
  const message = { id, operation, bytes, start: reader.start, end: reader.stop, controlsStart: 0, controlsEnd: 0 };
  if (!reader.done) {
    reader.next(CONTROLS);
    message.controlsStart = reader.start;
    message.controlsEnd = reader.stop;
  }
  // A damaged length field makes a message include the next ones.
  if (!reader.done) throw malformed('something follows its controls');
  return message;
}

/**
 * Whether the message is the last response to a search: a SearchResultDone, or the ExtendedResponse
 * with which Samba refuses a search whose critical control it does not know.
 */
export function endsSearch({ operation }: LdapMessage): boolean {
  return operation === Operation.searchResultDone || operation === Operation.extendedResponse;
}

/** A reader for the operation's value. */
export function operationReader(message: LdapMessage): BerReader {
  return new BerReader(message.bytes, message.start, message.end);
}

/**
 * A reader for the value of the control of this type; undefined if the message has no such control.
 */
export function findControl(message: LdapMessage, type: string): BerReader | undefined {
  const reader = new BerReader(message.bytes, message.controlsStart, message.controlsEnd);
  while (!reader.done) {
    reader.next(Tag.sequence);
    const behind = reader.offset;
    reader.offset = reader.start;
    reader.next(Tag.octetString, behind);
    if (equals(message.bytes, reader.start, reader.stop, type)) {
      const rest = new BerReader(message.bytes, reader.offset, behind);
      if (rest.peek() === Tag.boolean) rest.next(Tag.boolean);
      return rest.done ? new BerReader(message.bytes, behind, behind) : rest.enter(Tag.octetString);
    }
    reader.offset = behind;
  }
  return undefined;
}

/** A control of a request (RFC 4511, section 4.1.11). The value is sent byte for byte. */
export interface RequestControl {
  readonly type: string;
  readonly criticality: boolean;
  readonly value?: Buffer;
}

/** Encodes a whole message from its encoded operation. */
export function encodeMessage(id: number, operation: Buffer, controls: readonly RequestControl[] = []): Buffer {
  const parts = [integer(id), operation];
  if (controls.length > 0) parts.push(element(CONTROLS, ...controls.map(encodeControl)));
  return sequence(...parts);
}

function encodeControl(control: RequestControl): Buffer {
  const parts = [octetString(control.type)];
  if (control.criticality) parts.push(boolean(true));
  if (control.value !== undefined) parts.push(octetString(control.value));
  return sequence(...parts);
}

function equals(bytes: Buffer, start: number, end: number, ascii: string): boolean {
  if (end - start !== ascii.length) return false;
  for (let index = 0; index < ascii.length; index += 1) {
    if (bytes[start + index] !== ascii.charCodeAt(index)) return false;
  }
  return true;
}
