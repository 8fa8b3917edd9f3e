import { DirectoryError } from '../../domain/directory-error.ts';
import { malformed, Tag } from './ber.ts';
import { OversizedMessage } from './oversized-message.ts';

/** The default size limit, in bytes, of a message that is delivered whole. */
export const DEFAULT_MESSAGE_LIMIT = 16 * 1024 * 1024;

/**
 * The longest message that is accepted, in bytes. A longer one means that the length field is
 * damaged, and that no byte after it can be interpreted.
 */
const LARGEST_MESSAGE = 1024 * 1024 * 1024;

/**
 * The longest header in bytes: the tag, the byte with the number of length bytes, and four length
 * bytes.
 */
const LONGEST_HEADER = 6;

/** The size, in bytes, up to which a buffer for unfinished messages is reused. */
const LARGEST_REUSED_BUFFER = 64 * 1024;

/** Receives one LDAPMessage, bytes[start..end). The bytes are valid only during the call. */
export type DeliverFrame = (bytes: Buffer, start: number, end: number) => void;

export interface FramerOptions {
  /** The size limit, in bytes, of a message that is delivered whole. */
  readonly limit?: number;
  /**
   * Called when a message over the limit has arrived completely. `message` is a well-formed
   * LDAPMessage without the large content (see `OversizedMessage`), and `length` is the original
   * length in bytes. Without this callback such a message is an error.
   */
  readonly shortened?: (message: Buffer, length: number) => void;
}

/**
 * Splits a byte stream into LDAPMessages (RFC 4511, section 5.1), wherever the chunks divide it. A
 * message that lies in one chunk is delivered without a copy. A message that spans chunks is
 * collected first. Only both ends of a message over the limit are kept. `push` throws a
 * DirectoryError if the bytes cannot be the beginning of an LDAPMessage, or if a message is longer
 * than accepted. The stream cannot be used after that.
 *
 * States: idle -> partial (a message is incomplete) -> idle, idle -> oversized (the message is over
 * the limit) -> idle, any -> failed (`push` has thrown).
 */
export class Framer {
  readonly #deliver: DeliverFrame;
  readonly #limit: number;
  readonly #accepted: number;
  readonly #shortened: (message: Buffer, length: number) => void;
  /** The beginning of an unfinished message, in the first `#gathered` bytes. */
  #pending: Buffer = Buffer.allocUnsafeSlow(1024);
  #gathered = 0;
  /** The unfinished message, if it is over the limit. In that case `#pending` holds nothing. */
  #oversized: OversizedMessage | undefined;

  constructor(deliver: DeliverFrame, { limit = DEFAULT_MESSAGE_LIMIT, shortened }: FramerOptions = {}) {
    this.#deliver = deliver;
    this.#limit = limit;
    this.#accepted = shortened === undefined ? limit : LARGEST_MESSAGE;
    this.#shortened = shortened ?? (() => {});
  }

  /** True if no message is partly received. */
  get idle(): boolean {
    return this.#gathered === 0 && this.#oversized === undefined;
  }

  /**
   * Takes the next bytes and returns how many it has taken. These are all bytes, or those up to the
   * end of the message after which `shouldContinue` returned false. The caller may reuse the chunk
   * afterwards.
   */
  push(chunk: Buffer, shouldContinue: () => boolean = () => true): number {
    let offset = this.idle ? 0 : this.#completePending(chunk);
    const limit = this.#limit;
    const accepted = this.#accepted;
    while (offset < chunk.length) {
      const length = frameLength(chunk, offset, chunk.length, accepted);
      if (length > limit) {
        this.#oversized = new OversizedMessage(length);
        offset = this.#skipOversized(this.#oversized, chunk, offset);
      } else if (length > 0 && length <= chunk.length - offset) {
        this.#deliver(chunk, offset, offset + length);
        offset += length;
        if (!shouldContinue()) return offset;
      } else {
        this.#gather(chunk, offset, chunk.length);
        return chunk.length;
      }
    }
    return offset;
  }

  /** Completes the unfinished message. Returns the number of bytes taken from the chunk. */
  #completePending(chunk: Buffer): number {
    if (this.#oversized !== undefined) return this.#skipOversized(this.#oversized, chunk, 0);
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
      return this.#skipOversized(this.#oversized, chunk, offset);
    }
    const taken = Math.min(length - this.#gathered, chunk.length - offset);
    this.#gather(chunk, offset, offset + taken);
    offset += taken;
    if (this.#gathered < length) return offset;
    const whole = this.#pending;
    this.#gathered = 0;
    if (whole.length > LARGEST_REUSED_BUFFER) this.#pending = Buffer.allocUnsafeSlow(1024);
    this.#deliver(whole, 0, length);
    return offset;
  }

  /**
   * Takes the rest of the message over the limit, starting at `offset`. Returns the position after
   * it.
   */
  #skipOversized(oversized: OversizedMessage, chunk: Buffer, offset: number): number {
    const behind = offset + oversized.take(chunk, offset);
    if (oversized.complete) {
      this.#oversized = undefined;
      this.#shortened(oversized.shorten(), oversized.length);
    }
    return behind;
  }

  /**
   * Adds bytes to the unfinished message. The buffer grows with the bytes received, not with the
   * length that the header announces.
   */
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

/**
 * The length in bytes of the message at `start`, with its header; 0 if the header is incomplete.
 */
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
