import { DirectoryError } from '../../domain/directory-error.ts';
import { BerReader, element, enumerated, integer, octetString, sequence, Tag } from './ber.ts';
import { Operation } from './message.ts';

/** How many bytes are kept at each end. No sensible DN, result or control needs nearly as many. */
const KEPT_BYTES = 64 * 1024;

/**
 * A message that is too large to be kept. It counts the bytes and keeps only both ends, in bounded
 * memory. The first end holds the message id, the operation and the DN of an entry. The last end
 * holds the controls.
 *
 * States: arriving (`take`) -> complete (`shorten` may be called).
 */
export class OversizedMessage {
  /** The length in bytes, header included. */
  readonly length: number;
  readonly #head: Buffer;
  readonly #tail: Buffer;
  #taken = 0;

  constructor(length: number) {
    this.length = length;
    this.#head = Buffer.alloc(Math.min(length, KEPT_BYTES));
    this.#tail = Buffer.alloc(Math.min(length, KEPT_BYTES));
  }

  /** True if the whole message has arrived. */
  get complete(): boolean {
    return this.#taken === this.length;
  }

  /** Takes the bytes of the message from the chunk, starting at `offset`. Returns their number. */
  take(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.length - this.#taken, chunk.length - offset);
    chunk.copy(this.#head, Math.min(this.#taken, this.#head.length), offset, offset + taken);
    const before = Math.max(this.length - this.#tail.length - this.#taken, 0);
    const position = this.#taken + before - (this.length - this.#tail.length);
    if (before < taken) chunk.copy(this.#tail, position, offset + before, offset + taken);
    this.#taken += taken;
    return taken;
  }

  /**
   * Encodes the complete message without its large content. An entry has no attributes then, a
   * reference no URIs, and a result neither diagnostic message nor referrals. Controls are included
   * if they fit into the end that is kept. Throws a DirectoryError if the message is malformed, or
   * of a kind without such content.
   */
  shorten(): Buffer {
    const reader = new BerReader(this.#head, 0, this.length);
    reader.next(Tag.sequence);
    reader.offset = reader.start;
    const id = reader.integer();
    const operation = reader.peek();
    reader.next(operation);
    const content = new BerReader(this.#head, reader.start, reader.stop);
    return sequence(integer(id), this.#shortenOperation(operation, content), this.#from(reader.offset));
  }

  #shortenOperation(operation: number, content: BerReader): Buffer {
    switch (operation) {
      case Operation.searchResultEntry: {
        const dn = content.octets();
        const isKept = content.stop <= this.#head.length;
        return element(operation, octetString(isKept ? dn : ''), sequence());
      }
      case Operation.searchResultReference:
        return element(operation);
      case Operation.bindResponse:
      case Operation.searchResultDone:
      case Operation.modifyResponse:
      case Operation.addResponse:
      case Operation.deleteResponse:
      case Operation.extendedResponse: {
        const isKept = content.end <= this.#head.length;
        if (isKept) return element(operation, this.#head.subarray(content.offset, content.end));
        return element(operation, enumerated(content.integer(Tag.enumerated)), octetString(''), octetString(''));
      }
      default:
        throw new DirectoryError(
          `the directory sent a message of the kind 0x${operation.toString(16)} with ${this.length} bytes`,
          { remedy: 'no such message is so large: the connection is opened afresh' },
        );
    }
  }

  /** The bytes from the position on. Empty if some of them were not kept. */
  #from(position: number): Buffer {
    const keptFrom = this.length - this.#tail.length;
    return position < keptFrom ? Buffer.alloc(0) : this.#tail.subarray(position - keptFrom);
  }
}
