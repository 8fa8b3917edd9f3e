import { DirectoryError } from '../../domain/directory-error.ts';
import { malformed, Tag } from './ber.ts';

/** The largest LDAPMessage that is accepted unless told otherwise, in bytes. */
export const DEFAULT_MESSAGE_LIMIT = 16 * 1024 * 1024;

/** Tag, length of the length, and at most four bytes of length. */
const LONGEST_HEADER = 6;

/** An unfinished message's buffer is kept for the next one up to this size, in bytes. */
const KEPT_BUFFER = 64 * 1024;

/** Gets one whole LDAPMessage: the bytes from `start` to `end`, which are valid only during the call. */
export type DeliverFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Splits a byte stream into LDAPMessages (RFC 4511, section 5.1), however it was cut. A message that lies whole in a chunk is
 * delivered from there without a copy; only one that spans chunks is gathered. Throws a DirectoryError for what cannot be the
 * beginning of an LDAPMessage and for one above the limit; the stream is then beyond repair.
 */
export class Framer {
  readonly #deliver: DeliverFrame;
  readonly #limit: number;
  /** The beginning of a message whose rest has not come yet: `#gathered` bytes of `#pending`. */
  #pending: Buffer = Buffer.allocUnsafeSlow(1024);
  #gathered = 0;

  constructor(deliver: DeliverFrame, limit: number = DEFAULT_MESSAGE_LIMIT) {
    this.#deliver = deliver;
    this.#limit = limit;
  }

  /** True when no message is half received. */
  get idle(): boolean {
    return this.#gathered === 0;
  }

  /** Takes the next bytes; the caller may reuse the chunk afterwards. */
  push(chunk: Buffer): void {
    let offset = this.#gathered > 0 ? this.#finishPending(chunk) : 0;
    while (offset < chunk.length) {
      const length = frameLength(chunk, offset, chunk.length, this.#limit);
      if (length === 0 || length > chunk.length - offset) {
        this.#gather(chunk, offset, chunk.length);
        return;
      }
      this.#deliver(chunk, offset, offset + length);
      offset += length;
    }
  }

  /** Adds to the pending message what belongs to it; returns how much of the chunk that was. */
  #finishPending(chunk: Buffer): number {
    let offset = 0;
    let length = frameLength(this.#pending, 0, this.#gathered, this.#limit);
    while (length === 0 && offset < chunk.length) {
      this.#gather(chunk, offset, offset + 1);
      offset += 1;
      length = frameLength(this.#pending, 0, this.#gathered, this.#limit);
    }
    if (length === 0) return offset;
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
function frameLength(bytes: Buffer, start: number, end: number, limit: number): number {
  if (start >= end) return 0;
  if (bytes[start] !== Tag.sequence) throw malformed(`it begins with 0x${(bytes[start] ?? 0).toString(16)}`);
  if (end - start < 2) return 0;
  const first = bytes[start + 1] ?? 0;
  if (first < 0x80) return 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || 2 + lengthBytes > LONGEST_HEADER) throw malformed('a length of an unknown form');
  if (end - start < 2 + lengthBytes) return 0;
  const length = 2 + lengthBytes + bytes.readUIntBE(start + 2, lengthBytes);
  if (length > limit) {
    throw new DirectoryError(`the directory announced a message of ${length} bytes; ${limit} are accepted`, {
      remedy: 'an entry of that size is not an account: narrow directory.base or directory.filter',
    });
  }
  return length;
}
