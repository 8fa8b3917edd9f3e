import { writeSync } from 'node:fs';
import { errorText } from '../domain/error-text.ts';

export interface WholeLinesOptions {
  /** The line that replaces a number of lost texts. */
  readonly lossNote: (texts: number) => string;
  /** Called with the reason if a write fails: once for each cause, until a write succeeds. */
  readonly failed: (reason: string) => void;
  /** Called after the first write that succeeds again. */
  readonly recovered?: (() => void) | undefined;
  /** Called with the number of texts that one failed write has lost. */
  readonly lost?: ((texts: number) => void) | undefined;
}

const NEWLINE = 0x0a;

/**
 * Writes lines to files that may be full. It counts the texts that were not written completely, and
 * writes that number as soon as a write succeeds again. A text after an incomplete line begins on a
 * new line.
 */
export class WholeLines {
  readonly #options: WholeLinesOptions;
  #missing = 0;
  #withinLine = false;
  #reported: string | undefined;

  constructor(options: WholeLinesOptions) {
    this.#options = options;
  }

  /** Whether texts were lost that no line has reported yet. */
  get hasUnreportedLoss(): boolean {
    return this.#missing > 0;
  }

  /** Continues with another file. `withinLine` says whether its last line has no end. */
  continueIn(file: { readonly withinLine: boolean }): void {
    this.#withinLine = file.withinLine;
  }

  /**
   * Writes texts of whole lines, after a note about lost ones. Returns false if not everything was
   * written.
   */
  write(descriptor: number, texts: readonly string[]): boolean {
    const note = this.#missing === 0 ? [] : [this.#options.lossNote(this.#missing)];
    const all = [...note, ...texts];
    const start = this.#withinLine ? '\n' : '';
    const bytes = Buffer.from(`${start}${all.join('')}`);
    const { written, error } = writeAll(descriptor, bytes);
    if (written > 0) this.#withinLine = bytes[written - 1] !== NEWLINE;
    if (error === undefined) {
      this.#missing = 0;
      const hasFailed = this.#reported !== undefined;
      this.#reported = undefined;
      if (hasFailed) this.#options.recovered?.();
      return true;
    }
    const whole = countWithin(all, written - start.length);
    const lost = Math.min(texts.length, all.length - whole);
    this.#missing = whole >= note.length ? lost : this.#missing + lost;
    this.#options.lost?.(lost);
    this.#report(error);
    return false;
  }

  /** Counts texts that could not be written at all. */
  countLost(texts: readonly string[], error: unknown): void {
    this.#missing += texts.length;
    this.#options.lost?.(texts.length);
    this.#report(error);
  }

  #report(error: unknown): void {
    const reason = errorText(error);
    if (reason === this.#reported) return;
    this.#reported = reason;
    this.#options.failed(reason);
  }
}

/** How many of the texts, in order, fit into this number of bytes. */
function countWithin(texts: readonly string[], bytes: number): number {
  let end = 0;
  const beyond = texts.findIndex((text) => {
    end += Buffer.byteLength(text);
    return end > bytes;
  });
  return beyond === -1 ? texts.length : beyond;
}

/** The number of bytes written and, if not all were, the error. */
function writeAll(descriptor: number, bytes: Buffer): { readonly written: number; readonly error?: unknown } {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    return { written };
  } catch (error) {
    return { written, error };
  }
}
