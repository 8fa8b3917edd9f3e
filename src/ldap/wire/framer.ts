import { DirectoryError } from '../../domain/directory-error.ts';
import { malformed, Tag } from './ber.ts';
import { OversizedMessage } from './oversized-message.ts';

/** The largest LDAPMessage that is taken whole unless told otherwise, in bytes. */
export const DEFAULT_MESSAGE_LIMIT = 16 * 1024 * 1024;

/** A longer message is damage and not data, in bytes: nothing behind its length can be believed. */
const LARGEST_MESSAGE = 1024 * 1024 * 1024;

/** Tag, length of the length, and at most four bytes of length. */
const LONGEST_HEADER = 6;

/** An unfinished message's buffer is kept for the next one up to this size, in bytes. */
const KEPT_BUFFER = 64 * 1024;

/** Gets one whole LDAPMessage: the bytes from `start` to `end`, which are valid only during the call. */
export type DeliverFrame = (bytes: Buffer, start: number, end: number) => void;

export interface FramerOptions {
  /** The largest message that is delivered whole, in bytes. */
  readonly limit?: number;
  /**
   * Gets what is left of a message above the limit when the last of it has come: a well-formed LDAPMessage without the content
   * (see `OversizedMessage`), and the length that it had. Where this is not given, such a message is refused.
   */
  readonly shortened?: (message: Buffer, length: number) => void;
}

/**
 * Splits a byte stream into LDAPMessages (RFC 4511, section 5.1), however it was cut. A message that lies whole in a chunk is
 * delivered from there without a copy; only one that spans chunks is gathered, and of one above the limit only the ends are
 * kept. Throws a DirectoryError for what cannot be the beginning of an LDAPMessage, and for one that is larger than is accepted;
 * the stream is then beyond repair.
 */
export class Framer {
  readonly #deliver: DeliverFrame;
  readonly #limit: number;
  readonly #accepted: number;
  readonly #shortened: (message: Buffer, length: number) => void;
  /** The beginning of a message whose rest has not come yet: `#gathered` bytes of `#pending`. */
  #pending: Buffer = Buffer.allocUnsafeSlow(1024);
  #gathered = 0;
  /** The message that passes by, where it is above the limit; nothing is gathered then. */
  #oversized: OversizedMessage | undefined;

  constructor(deliver: DeliverFrame, { limit = DEFAULT_MESSAGE_LIMIT, shortened }: FramerOptions = {}) {
    this.#deliver = deliver;
    this.#limit = limit;
    this.#accepted = shortened === undefined ? limit : LARGEST_MESSAGE;
    this.#shortened = shortened ?? (() => {});
  }

  /** True when no message is half received. */
  get idle(): boolean {
    return this.#gathered === 0 && this.#oversized === undefined;
  }

  /**
   * Takes the next bytes: all of them, or those of the messages up to the one after which `goesOn` says no. Returns how many; the
   * caller may reuse the chunk afterwards.
   */
  push(chunk: Buffer, goesOn: () => boolean = () => true): number {
    let offset = this.idle ? 0 : this.#goOn(chunk);
    const limit = this.#limit;
    const accepted = this.#accepted;
    while (offset < chunk.length) {
      const length = frameLength(chunk, offset, chunk.length, accepted);
      if (length > limit) {
        this.#oversized = new OversizedMessage(length);
        offset = this.#passBy(this.#oversized, chunk, offset);
      } else if (length > 0 && length <= chunk.length - offset) {
        this.#deliver(chunk, offset, offset + length);
        offset += length;
        if (!goesOn()) return offset;
      } else {
        this.#gather(chunk, offset, chunk.length);
        return chunk.length;
      }
    }
    return offset;
  }

  /** Adds to the unfinished message what belongs to it; returns how much of the chunk that was. */
  #goOn(chunk: Buffer): number {
    if (this.#oversized !== undefined) return this.#passBy(this.#oversized, chunk, 0);
    let offset = 0;
    let length = frameLength(this.#pending, 0, this.#gathered, this.#accepted);
    while (length === 0 && offset < chunk.length) {
      this.#gather(chunk, offset, offset + 1);
      offset += 1;
      length = frameLength(this.#pending, 0, this.#gathered, this.#accepted);
    }
    if (length === 0) return offset;
    if (length > this.#limit) {
      this.#oversized = new OversizedMessage(length);
      this.#oversized.take(this.#pending.subarray(0, this.#gathered), 0);
      this.#gathered = 0;
      return this.#passBy(this.#oversized, chunk, offset);
    }
    const taken = Math.min(length - this.#gathered, chunk.length - offset);
    this.#gather(chunk, offset, offset + taken);
    offset += taken;
    if (this.#gathered < length) return offset;
    const whole = this.#pending;
    this.#gathered = 0;
    if (whole.length > KEPT_BUFFER) this.#pending = Buffer.allocUnsafeSlow(1024);
    this.#deliver(whole, 0, length);
    return offset;
  }

  /** Lets what belongs to the message pass, from `offset` on; returns where that ends. */
  #passBy(oversized: OversizedMessage, chunk: Buffer, offset: number): number {
    const behind = offset + oversized.take(chunk, offset);
    if (oversized.complete) {
      this.#oversized = undefined;
      this.#shortened(oversized.shorten(), oversized.length);
    }
    return behind;
  }

  /** The buffer grows with what arrived, not with what the length bytes claim. */
  #gather(chunk: Buffer, start: number, end: number): void {
    const needed = this.#gathered + (end - start);
    if (needed > this.#pending.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#pending.length * 2));
      this.#pending.copy(larger, 0, 0, this.#gathered);
      this.#pending = larger;
    }
    chunk.copy(this.#pending, this.#gathered, start, end);
    this.#gathered = needed;
  }
}

/** The length of the message that begins at `start`, header included; 0 while its header is not complete. */
function frameLength(bytes: Buffer, start: number, end: number, accepted: number): number {
  if (start >= end) return 0;
  if (bytes[start] !== Tag.sequence) throw malformed(`it begins with 0x${(bytes[start] ?? 0).toString(16)}`);
  if (end - start < 2) return 0;
  const first = bytes[start + 1] ?? 0;
  if (first < 0x80) return 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || 2 + lengthBytes > LONGEST_HEADER) throw malformed('a length of an unknown form');
  if (end - start < 2 + lengthBytes) return 0;
  const length = 2 + lengthBytes + bytes.readUIntBE(start + 2, lengthBytes);
  if (length > accepted) {
    throw new DirectoryError(`the directory announced a message of ${length} bytes; ${accepted} are accepted`, {
      remedy:
        'no entry is so large: the connection is opened afresh; if it recurs, look for something between service and directory that alters the bytes',
    });
  }
  return length;
}
