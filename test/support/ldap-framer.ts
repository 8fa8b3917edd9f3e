/** The operations of LDAP by the tag of their protocolOp (RFC 4511, section 4.2 and following). */
const OPERATIONS = {
  96: 'bindRequest',
  97: 'bindResponse',
  66: 'unbindRequest',
  99: 'searchRequest',
  100: 'searchEntry',
  101: 'searchDone',
  115: 'searchReference',
  102: 'modifyRequest',
  103: 'modifyResponse',
  104: 'addRequest',
  105: 'addResponse',
  74: 'deleteRequest',
  107: 'deleteResponse',
  108: 'renameRequest',
  109: 'renameResponse',
  80: 'abandonRequest',
  119: 'extendedRequest',
  120: 'extendedResponse',
  121: 'intermediateResponse',
} as const;

export type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS];

/** A piece of a connection's bytes: a whole LDAP message, or other bytes (TLS, garbage). */
export interface FramedBytes {
  readonly bytes: Buffer;
  readonly operation: Operation | undefined;
}

/**
 * Splits bytes into LDAP messages. Once the bytes do not begin like a message, all further bytes
 * are passed on as they are.
 */
export class LdapFramer {
  /** The chunks of the unfinished message. */
  #rest: Buffer[] = [];
  #length = 0;
  /** The least number of bytes that can complete a message. */
  #wanted = 0;
  #raw = false;

  push(chunk: Buffer): FramedBytes[] {
    this.#rest.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return [];
    const units: FramedBytes[] = [];
    let bytes = Buffer.concat(this.#rest);
    this.#wanted = 0;
    while (bytes.length > 0 && !this.#raw) {
      if (bytes[0] !== 0x30) {
        this.#raw = true;
        break;
      }
      const size = elementSize(bytes, 0);
      if (size === undefined || size > bytes.length) {
        this.#wanted = size ?? 0;
        break;
      }
      units.push({ bytes: bytes.subarray(0, size), operation: operationOf(bytes) });
      bytes = bytes.subarray(size);
    }
    if (this.#raw && bytes.length > 0) {
      units.push({ bytes, operation: undefined });
      bytes = Buffer.alloc(0);
    }
    this.#rest = [bytes];
    this.#length = bytes.length;
    return units;
  }

  /** The bytes of an unfinished message at the end of the stream. */
  end(): FramedBytes[] {
    const bytes = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#length = 0;
    return bytes.length === 0 ? [] : [{ bytes, operation: undefined }];
  }
}

function operationOf(message: Buffer): Operation | undefined {
  const content = headerSize(message, 0);
  const idSize = content === undefined ? undefined : elementSize(message, content);
  if (content === undefined || idSize === undefined) return undefined;
  return OPERATIONS[message[content + idSize] as keyof typeof OPERATIONS];
}

/** The number of bytes of tag and length at `at`; undefined if they are incomplete. */
function headerSize(bytes: Buffer, at: number): number | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

/** The number of bytes of the BER element at `at`. */
function elementSize(bytes: Buffer, at: number): number | undefined {
  const header = headerSize(bytes, at);
  const first = bytes[at + 1];
  if (header === undefined || first === undefined || bytes.length < at + header) return undefined;
  if (first < 0x80) return header + first;
  let length = 0;
  for (const digit of bytes.subarray(at + 2, at + header)) length = length * 256 + digit;
  return header + length;
}
