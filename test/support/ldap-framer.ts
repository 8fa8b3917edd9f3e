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

/** A piece of a connection's bytes: a whole LDAP message, or bytes that are none (TLS, garbage). */
export interface Unit {
  readonly bytes: Buffer;
  readonly operation: Operation | undefined;
}

/** Splits bytes into LDAP messages; what does not begin like one is passed on as it comes, from then on. */
export class LdapFramer {
  /** What has not become a whole message yet, as it came. */
  #rest: Buffer[] = [];
  #length = 0;
  /** Less than this is no whole message. */
  #wanted = 0;
  #raw = false;

  push(chunk: Buffer): Unit[] {
    this.#rest.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return [];
    const units: Unit[] = [];
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

  /** What has not become a whole message when the stream ends. */
  end(): Unit[] {
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

/** Bytes of tag and length at `at`; undefined while they have not all come. */
function headerSize(bytes: Buffer, at: number): number | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

/** Bytes of the whole BER element at `at`. */
function elementSize(bytes: Buffer, at: number): number | undefined {
  const header = headerSize(bytes, at);
  const first = bytes[at + 1];
  if (header === undefined || first === undefined || bytes.length < at + header) return undefined;
  if (first < 0x80) return header + first;
  let length = 0;
  for (const digit of bytes.subarray(at + 2, at + header)) length = length * 256 + digit;
  return header + length;
}
