/**
 * Milliseconds of decoding after which other work has its turn. An account in work needs about five
 * turns of the event loop, each of which waits for the end of a slice.
 */
const SLICE = 1;

/**
 * Messages between two readings of the clock: reading it costs as much as a small part of decoding
 * a small message.
 */
const MESSAGES_PER_LOOK = 8;

/** Decodes messages until `goesOn` returns false. Returns the number of bytes decoded. */
export type Decode = (bytes: Buffer, goesOn: () => boolean) => number;

/**
 * Decodes the bytes of a socket in time slices. A socket delivers up to two megabytes in one turn
 * of the event loop, and processing their content may take a second. At the end of a slice reading
 * pauses, and bytes that were delivered already are kept. Decoding continues after all other
 * pending work has had its turn.
 *
 * States: reading -> resting (the slice is over) -> reading (all kept bytes are decoded). `stop`
 * ends both.
 */
export class PacedReader {
  readonly #decode: Decode;
  readonly #readOn: () => void;
  readonly #now: () => number;
  /** Milliseconds used in this slice. */
  #spent = 0;
  /** Delivered bytes that are not decoded yet, in order. */
  #kept: Buffer[] = [];
  #rest: NodeJS.Immediate | undefined;
  #stopped = false;

  /**
   * `readOn` is called when reading may resume after `take` returned false. `now` returns the
   * milliseconds of a monotonic clock.
   */
  constructor(decode: Decode, readOn: () => void, now: () => number) {
    this.#decode = decode;
    this.#readOn = readOn;
    this.#now = now;
  }

  /** True while something is kept. */
  get keeps(): boolean {
    return this.#kept.length > 0;
  }

  /**
   * Takes bytes from the socket; the caller may reuse their buffer afterwards. Returns false if
   * reading has to pause; bytes that are delivered nevertheless are kept.
   */
  take(bytes: Buffer): boolean {
    const taken = this.#rest === undefined ? this.#decodeSome(bytes) : 0;
    if (this.#stopped) return false;
    if (taken < bytes.length) this.#kept.push(Buffer.from(bytes.subarray(taken)));
    if (this.#rest === undefined && this.#isOver()) this.#restAWhile();
    return this.#rest === undefined;
  }

  /** Decodes all kept bytes now, without a time limit. */
  finish(): void {
    for (let bytes = this.#kept.shift(); bytes !== undefined; bytes = this.#kept.shift())
      this.#decode(bytes, () => true);
  }

  /** Stops decoding for good and drops the kept bytes. */
  stop(): void {
    this.#stopped = true;
    this.#kept = [];
    if (this.#rest !== undefined) clearImmediate(this.#rest);
  }

  #restAWhile(): void {
    this.#rest = setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#spent = 0;
    while (this.#kept[0] !== undefined && !this.#isOver()) {
      const [bytes] = this.#kept;
      const taken = this.#decodeSome(bytes);
      if (this.#stopped) return;
      if (taken < bytes.length) this.#kept[0] = bytes.subarray(taken);
      else this.#kept.shift();
    }
    if (this.#isOver()) {
      this.#restAWhile();
      return;
    }
    this.#rest = undefined;
    this.#readOn();
  }

  #decodeSome(bytes: Buffer): number {
    const started = this.#now() - this.#spent;
    let messages = 0;
    const taken = this.#decode(bytes, () => {
      messages += 1;
      if (messages % MESSAGES_PER_LOOK === 0) this.#spent = this.#now() - started;
      return !this.#isOver();
    });
    this.#spent = this.#now() - started;
    return taken;
  }

  #isOver(): boolean {
    return this.#spent >= SLICE;
  }
}
