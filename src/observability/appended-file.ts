import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathIn } from '../host/held-folder.ts';
import { WholeLines, type WholeLinesOptions } from './whole-lines.ts';

export interface AppendedFileOptions extends WholeLinesOptions {
  /** Opens the file for appending and returns its descriptor. Throws if that fails. */
  readonly open: () => number;
  /** Whether the next `bytes` belong into another file, which `open` opens then. Default: never. */
  readonly isFull?: (descriptor: number, bytes: number) => boolean;
}

/**
 * Appends lines to a file: all lines of one turn of the event loop in one write, so that a later
 * crash loses nothing. Each cause of a failure is reported once. Lines that cannot be written are
 * counted, and the number is written when the file works again, or at the end.
 *
 *   closed -> open     `openAhead`, or lines are written
 *   open -> closed     a write fails, the file is full, or `letGo`
 */
export class AppendedFile {
  readonly #options: AppendedFileOptions;
  readonly #lines: WholeLines;
  #descriptor: number | undefined;
  #pending: string[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(options: AppendedFileOptions) {
    this.#options = options;
    this.#lines = new WholeLines(options);
  }

  /** Takes a whole line, with its end. */
  append(line: string): void {
    this.#pending.push(line);
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Writes the lines that were taken, without waiting for the next turn. */
  flush(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const texts = this.#pending;
    this.#pending = [];
    if (texts.length === 0 && !this.#lines.hasUnreportedLoss) return;
    try {
      const bytes = texts.reduce((sum, text) => sum + text.length, 0);
      if (this.#descriptor !== undefined && this.#options.isFull?.(this.#descriptor, bytes)) this.letGo();
      if (this.#descriptor === undefined) this.#open();
    } catch (error) {
      this.#lines.countLost(texts, error);
      this.letGo();
    }
    // Open it again for the next lines: it may be a file that can be written by then.
    if (this.#descriptor !== undefined && !this.#lines.write(this.#descriptor, texts)) this.letGo();
  }

  /** Opens the file before there are lines, so that a fault is reported early. */
  openAhead(): void {
    try {
      this.#open();
    } catch (error) {
      this.#lines.countLost([], error);
    }
  }

  /** Closes the file. The next lines open it again. */
  letGo(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): void {
    this.#descriptor = this.#options.open();
    this.#lines.continueIn({ withinLine: endsWithinLine(this.#descriptor) });
  }
}

/**
 * Whether the last line of the file has no end, as its writer was interrupted or found the disk
 * full.
 */
function endsWithinLine(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  if (!found.isFile() || found.size === 0) return false;
  const last = Buffer.alloc(1);
  try {
    const reading = openSync(pathIn(descriptor), 'r');
    readSync(reading, last, 0, 1, found.size - 1);
    closeSync(reading);
  } catch {
    return false; // it may be writable but not readable
  }
  return last.toString() !== '\n';
}
