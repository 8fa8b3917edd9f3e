/**
 * How long decoding may take before other work runs. An account in work needs about five passes of
 * the event loop, and each of them waits for the end of a slice.
 */
const SLICE_MILLISECONDS = 1;

/**
 * The number of messages between two readings of the clock. A reading costs as much as decoding
 * part of a small message.
 */
const MESSAGES_PER_CLOCK_READING = 8;

/** Decodes messages until `shouldContinue` returns false. Returns the number of bytes decoded. */
export type Decode = (bytes: Buffer, shouldContinue: () => boolean) => number;

/**
 * Decodes the bytes of a socket in time slices. A socket delivers up to two megabytes in one pass
 * of the event loop, and processing them may take a second. At the end of a slice reading pauses,
 * and bytes that were already delivered are kept. Decoding continues after all other pending work
 * has run.
 *
 * States: reading -> pausing (the slice is over) -> reading (all pending bytes are decoded). `stop`
 * ends both.
 */
export class PacedReader {
  readonly #decode: Decode;
  readonly #resumeReading: () => void;
  readonly #now: () => number;
  /** The milliseconds that decoding has used in this slice. */
  #spent = 0;
  /** Delivered bytes that are not decoded yet, in order. */
  #pending: Buffer[] = [];
  #pausing: NodeJS.Immediate | undefined;
  #stopped = false;

  /**
   * `resumeReading` is called when reading may resume after `take` returned false. `now` returns
   * the milliseconds of a monotonic clock.
   */
  constructor(decode: Decode, resumeReading: () => void, now: () => number) {
    this.#decode = decode;
    this.#resumeReading = resumeReading;
    this.#now = now;
  }

  /** True while delivered bytes are not decoded yet. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /**
   * Takes bytes from the socket. The caller may reuse their buffer afterwards. Returns false if
   * reading has to pause; bytes that are delivered nevertheless are kept.
   */
  take(bytes: Buffer): boolean {
    const decodedBytes = this.#pausing === undefined ? this.#decodeSome(bytes) : 0;
    if (this.#stopped) return false;
    if (decodedBytes < bytes.length) this.#pending.push(Buffer.from(bytes.subarray(decodedBytes)));
    if (this.#pausing === undefined && this.#isSliceOver()) this.#pause();
    return this.#pausing === undefined;
  }

  /** Decodes all kept bytes now, without a time limit. */
  finish(): void {
    for (let bytes = this.#pending.shift(); bytes !== undefined; bytes = this.#pending.shift())
      this.#decode(bytes, () => true);
  }

  /** Stops decoding for good and drops the kept bytes. */
  stop(): void {
    this.#stopped = true;
    this.#pending = [];
    if (this.#pausing !== undefined) clearImmediate(this.#pausing);
  }

  #pause(): void {
    this.#pausing = setImmediate(() => this.#resume());
  }

  #resume(): void {
    this.#spent = 0;
    while (this.#pending[0] !== undefined && !this.#isSliceOver()) {
      const [bytes] = this.#pending;
      const decodedBytes = this.#decodeSome(bytes);
      if (this.#stopped) return;
      if (decodedBytes < bytes.length) this.#pending[0] = bytes.subarray(decodedBytes);
      else this.#pending.shift();
    }
    if (this.#isSliceOver()) {
      this.#pause();
      return;
    }
    this.#pausing = undefined;
    this.#resumeReading();
  }

  #decodeSome(bytes: Buffer): number {
    const started = this.#now() - this.#spent;
    let messages = 0;
    const decodedBytes = this.#decode(bytes, () => {
      messages += 1;
      if (messages % MESSAGES_PER_CLOCK_READING === 0) this.#spent = this.#now() - started;
      return !this.#isSliceOver();
    });
    this.#spent = this.#now() - started;
    return decodedBytes;
  }

  #isSliceOver(): boolean {
    return this.#spent >= SLICE_MILLISECONDS;
  }
}
