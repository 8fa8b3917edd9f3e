import { writeSync } from 'node:fs';

export interface WholeLinesOptions {
  /** The line that stands in the place of so many texts. */
  readonly leftOut: (texts: number) => string;
  /** Told what keeps them from being written: once for each cause, until they can be written again. */
  readonly failed: (reason: string) => void;
}

const NEWLINE = 0x0a;

/**
 * Lines to files that may have no room: those that were not written whole are counted, and the count stands in their place as
 * soon as there is room again. What comes after a torn line begins on a new one.
 */
export class WholeLines {
  readonly #options: WholeLinesOptions;
  #missing = 0;
  #withinLine = false;
  #told: string | undefined;

  constructor(options: WholeLinesOptions) {
    this.#options = options;
  }

  /** Whether texts are missing that no line tells of yet. */
  get owesNote(): boolean {
    return this.#missing > 0;
  }

  /** From here on it is another file, which ends within a line or not. */
  goOnIn(file: { readonly withinLine: boolean }): void {
    this.#withinLine = file.withinLine;
  }

  /** Writes texts, each of one line or several with their ends, after a note of those that are missing. False: not all of it. */
  write(descriptor: number, texts: readonly string[]): boolean {
    const note = this.#missing === 0 ? [] : [this.#options.leftOut(this.#missing)];
    const all = [...note, ...texts];
    const start = this.#withinLine ? '\n' : '';
    const bytes = Buffer.from(`${start}${all.join('')}`);
    const { written, error } = writeAll(descriptor, bytes);
    if (written > 0) this.#withinLine = bytes[written - 1] !== NEWLINE;
    if (error === undefined) {
      this.#missing = 0;
      this.#told = undefined;
      return true;
    }
    const whole = countWithin(all, written - start.length);
    if (whole >= note.length) this.#missing = all.length - whole;
    else this.#missing += texts.length;
    this.#tell(error);
    return false;
  }

  /** Counts texts that cannot be written at all. */
  lose(texts: readonly string[], error: unknown): void {
    this.#missing += texts.length;
    this.#tell(error);
  }

  #tell(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#told) return;
    this.#told = reason;
    this.#options.failed(reason);
  }
}

/** How many of the texts fit into so many bytes, one after the other. */
function countWithin(texts: readonly string[], bytes: number): number {
  let end = 0;
  const beyond = texts.findIndex((text) => {
    end += Buffer.byteLength(text);
    return end > bytes;
  });
  return beyond === -1 ? texts.length : beyond;
}

/** How many bytes were written, and what kept the others from it. */
function writeAll(descriptor: number, bytes: Buffer): { readonly written: number; readonly error?: unknown } {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    return { written };
  } catch (error) {
    return { written, error };
  }
}
