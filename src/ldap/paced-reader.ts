/**
 * Milliseconds of decoding after which everybody else has a turn. An account that is worked on needs about five turns, each of
 * which waits for a slice to end.
 */
const SLICE = 1;

/** Messages between two looks at the clock: one costs as much as a small part of a small message. */
const MESSAGES_PER_LOOK = 8;

/** Decodes bytes as far as the message after which `goesOn` says no; returns how many that were. */
export type Decode = (bytes: Buffer, goesOn: () => boolean) => number;

/**
 * Decodes what a socket brings in slices of time: it brings up to two megabytes in one turn of the event loop, and what is
 * made of them may take a second. When a slice is over nothing more is read, what was brought already is kept, and it
 * goes on after all others have had a turn.
 *
 * reading -> resting (the slice is over) -> reading (all that was kept is decoded); stopped, from both
 */
export class PacedReader {
  readonly #decode: Decode;
  readonly #readOn: () => void;
  readonly #now: () => number;
  /** Milliseconds of this slice that are used up. */
  #spent = 0;
  /** What was brought and is not decoded, in order. */
  #kept: Buffer[] = [];
  #rest: NodeJS.Immediate | undefined;
  #stopped = false;

  /** `readOn`: called when what `take` said no to is decoded. `now`: milliseconds on a clock that only goes forward. */
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
   * Takes what was read; the caller may reuse the bytes afterwards. False: nothing more is to be read for now; what comes all
   * the same is kept.
   */
  take(bytes: Buffer): boolean {
    const taken = this.#rest === undefined ? this.#decodeSome(bytes) : 0;
    if (this.#stopped) return false;
    if (taken < bytes.length) this.#kept.push(Buffer.from(bytes.subarray(taken)));
    if (this.#rest === undefined && this.#isOver()) this.#restAWhile();
    return this.#rest === undefined;
  }

  /** Decodes what is kept, however long that takes. */
  finish(): void {
    for (let bytes = this.#kept.shift(); bytes !== undefined; bytes = this.#kept.shift())
      this.#decode(bytes, () => true);
  }

  /** Nothing is decoded any more. */
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
