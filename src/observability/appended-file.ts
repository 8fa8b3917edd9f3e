import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathIn } from '../host/held-folder.ts';
import { WholeLines, type WholeLinesOptions } from './whole-lines.ts';

export interface AppendedFileOptions extends WholeLinesOptions {
  /** Opens the file for appending and returns its descriptor. Throws if that fails. */
  readonly open: () => number;
  /**
   * Whether the next `bytes` belong in another file. Then `open` is called again. Default: never.
   */
  readonly isFull?: (descriptor: number, bytes: number) => boolean;
}

/**
 * Appends lines to a file. All lines of one turn of the event loop are written in one write, so
 * that a later crash loses nothing. Each cause of a failure is reported once. Lines that cannot be
 * written are counted. Their number is written when the file can be written again, or at the end.
 *
 * States:
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

  /** Takes a whole line, including its line break. */
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
    // After a failed write the file is closed. The next lines open it again.
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
 * Whether the last line of the file has no line break, because its writer was interrupted or the
 * disk was full.
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
