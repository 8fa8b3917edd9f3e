/**
 * The part of ASN.1's Basic Encoding Rules that LDAP uses (RFC 4511, section 5.1): definite lengths
 * and one-byte tags. The encoder uses the shortest lengths. The reader never reads outside its
 * bounds.
 */
import { DirectoryError } from '../../domain/directory-error.ts';

/** Universal tags. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The most bytes of an integer that a JavaScript number always holds exactly. */
const LONGEST_INTEGER = 6;

/** The error for bytes that are not the BER that the protocol prescribes. */
export function malformed(what: string): DirectoryError {
  return new DirectoryError(`the directory sent a malformed message: ${what}`, {
    remedy:
      'the connection is opened afresh; if it recurs, look for something between service and directory that alters the bytes',
  });
}

/**
 * A position in BER bytes. `next` reads one element. After that `start` and `stop` are the bounds
 * of its value, and `offset` is the position after it. To read inside the value, set `offset` to
 * `start`, or call `enter` for a separate reader.
 */
export class BerReader {
  readonly bytes: Buffer;
  /** Where the next element begins. */
  offset: number;
  /** Reading stops before this position. */
  readonly end: number;
  start = 0;
  stop = 0;

  constructor(bytes: Buffer, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  /** True if nothing is left to read. */
  get done(): boolean {
    return this.offset >= this.end;
  }

  /** The tag of the next element; -1 at the end. */
  peek(): number {
    return this.offset < this.end ? (this.bytes[this.offset] ?? -1) : -1;
  }

  /**
   * Reads one element. Throws a DirectoryError unless it has the tag and ends at or before `limit`.
   */
  next(tag: number, limit = this.end): void {
    const { bytes, offset } = this;
    if (offset + 2 > limit) throw malformed('it ends too early');
    if (bytes[offset] !== tag) {
      throw malformed(`tag 0x${(bytes[offset] ?? 0).toString(16)} where 0x${tag.toString(16)} is due`);
    }
    let length = bytes[offset + 1] ?? 0;
    let start = offset + 2;
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      if (lengthBytes === 0 || lengthBytes > 4) throw malformed('a length of an unknown form');
      if (start + lengthBytes > limit) throw malformed('it ends too early');
      length = bytes.readUIntBE(start, lengthBytes);
      start += lengthBytes;
    }
    if (length > limit - start) throw malformed('an element is longer than what contains it');
    this.start = start;
    this.stop = start + length;
    this.offset = this.stop;
  }

  /** Skips one element of any tag. */
  skip(): void {
    this.next(this.peek());
  }

  /** A reader for the value of the next element. */
  enter(tag: number): BerReader {
    this.next(tag);
    return new BerReader(this.bytes, this.start, this.stop);
  }

  /** The value of the next element, as a view into the bytes. */
  octets(tag: number = Tag.octetString): Buffer {
    this.next(tag);
    return this.bytes.subarray(this.start, this.stop);
  }

  /** The value of the next element as text. Bytes that are not UTF-8 become U+FFFD. */
  text(tag: number = Tag.octetString): string {
    this.next(tag);
    return this.bytes.toString('utf8', this.start, this.stop);
  }

  /** The value of an INTEGER or ENUMERATED of at most six bytes; throws for a longer one. */
  integer(tag: number = Tag.integer): number {
    this.next(tag);
    const length = this.stop - this.start;
    if (length < 1 || length > LONGEST_INTEGER) throw malformed(`an integer of ${length} bytes`);
    return this.bytes.readIntBE(this.start, length);
  }

  boolean(tag: number = Tag.boolean): boolean {
    this.next(tag);
    if (this.stop - this.start !== 1) throw malformed('a boolean that is not one byte');
    return this.bytes[this.start] !== 0;
  }
}

/** Encodes an element with the tag. Its value consists of the parts, concatenated. */
export function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthBytes = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8);
  const bytes = Buffer.allocUnsafe(2 + lengthBytes + length);
  bytes[0] = tag;
  bytes[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes;
  if (lengthBytes > 0) bytes.writeUIntBE(length, 2, lengthBytes);
  let offset = 2 + lengthBytes;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(Tag.sequence, ...parts);
}

export function octetString(value: string | Buffer, tag: number = Tag.octetString): Buffer {
  return element(tag, typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
}

/** Encodes an integer of at most six bytes in the fewest bytes (two's complement). */
export function integer(value: number, tag: number = Tag.integer): Buffer {
  let length = 1;
  while (length < LONGEST_INTEGER && (value < -(2 ** (8 * length - 1)) || value >= 2 ** (8 * length - 1))) length += 1;
  const bytes = Buffer.alloc(length);
  bytes.writeIntBE(value, 0, length);
  return element(tag, bytes);
}

export function enumerated(value: number): Buffer {
  return integer(value, Tag.enumerated);
}

/** Encodes a truth value. TRUE is 0xff (RFC 4511, section 5.1). */
export function boolean(value: boolean, tag: number = Tag.boolean): Buffer {
  return element(tag, Buffer.of(value ? 0xff : 0));
}
