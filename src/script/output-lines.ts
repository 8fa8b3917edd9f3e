import { StringDecoder } from 'node:string_decoder';
import { visible } from '../domain/visible.ts';
import type { OnLine, OutputStream } from './runner.ts';

/** The limits for the output of one run. They count both streams together. */
export interface OutputLimits {
  /**
   * The longest line in bytes. The rest of a longer line is dropped, and the line says how much.
   */
  readonly lineBytes: number;
  readonly lines: number;
  readonly bytes: number;
}

const OUTPUT_LIMITS: OutputLimits = { lineBytes: 8192, lines: 10_000, bytes: 1024 * 1024 };

/** How much of a run's output was left out. */
export interface LeftOut {
  readonly lines: number;
  readonly bytes: number;
}

interface Pending {
  parts: Buffer[];
  length: number;
  dropped: number;
}

const NEWLINE = 10;

/**
 * Turns the bytes that a script writes into bounded, printable lines. A line that is too long is
 * cut. Output beyond the limits of the run is counted and reported once at the end. Invalid UTF-8
 * becomes U+FFFD, and terminal control characters are escaped.
 *
 * States: open -> full (a limit is reached: lines are only counted) -> ended (`end`), open ->
 * ended.
 */
export class OutputLines {
  readonly #onLine: OnLine;
  readonly #limits: OutputLimits;
  readonly #pending: Record<OutputStream, Pending> = { stdout: nothing(), stderr: nothing() };
  #lines = 0;
  #bytes = 0;
  #leftOutLines = 0;
  #leftOutBytes = 0;
  #ended = false;
  #received = 0;

  constructor(onLine: OnLine, limits: OutputLimits = OUTPUT_LIMITS) {
    this.#onLine = onLine;
    this.#limits = limits;
  }

  /** True if nothing more will be forwarded. From then on a source may be read slowly. */
  get full(): boolean {
    return this.#lines >= this.#limits.lines || this.#bytes >= this.#limits.bytes;
  }

  /** The number of bytes written so far. */
  get received(): number {
    return this.#received;
  }

  write(stream: OutputStream, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#ended) return;
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline === -1 ? chunk.length : newline;
      this.#append(this.#pending[stream], chunk.subarray(start, end));
      if (newline !== -1) this.#finishLine(stream);
      start = end + 1;
    }
  }

  /**
   * Forwards unfinished lines and reports how much was left out. `leftOutBefore` counts the output
   * that was left out before it reached this object.
   */
  end(leftOutBefore: LeftOut = { lines: 0, bytes: 0 }): void {
    if (this.#ended) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#pending[stream].length > 0) this.#finishLine(stream);
    }
    this.#ended = true;
    const lines = this.#leftOutLines + leftOutBefore.lines;
    const bytes = this.#leftOutBytes + leftOutBefore.bytes;
    if (lines + bytes > 0) {
      const note = `[the script wrote too much: ${lines} further lines (${bytes} bytes) are left out]`;
      this.#onLine('stderr', note, 'service');
    }
  }

  #append(pending: Pending, bytes: Buffer): void {
    const room = this.full ? 0 : Math.max(0, this.#limits.lineBytes - pending.length);
    const kept = bytes.subarray(0, room);
    // A copy: a view would keep the whole chunk in memory while the line is unfinished.
    if (kept.length > 0) pending.parts.push(Buffer.from(kept));
    pending.length += bytes.length;
    pending.dropped += bytes.length - kept.length;
  }

  #finishLine(stream: OutputStream): void {
    const { parts, length, dropped } = this.#pending[stream];
    this.#pending[stream] = nothing();
    if (this.full) {
      this.#leftOutLines += 1;
      this.#leftOutBytes += length + 1;
      return;
    }
    this.#lines += 1;
    this.#bytes += length - dropped + 1;
    const [only] = parts;
    const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    this.#onLine(stream, dropped === 0 ? printable(bytes.toString('utf8')) : cutLine(bytes, dropped), 'script');
  }
}

function nothing(): Pending {
  return { parts: [], length: 0, dropped: 0 };
}

/** Decodes with a StringDecoder, which drops a character that the cut left incomplete. */
function cutLine(bytes: Buffer, dropped: number): string {
  return `${printable(new StringDecoder('utf8').write(bytes))} [${dropped} more bytes]`;
}

/**
 * Returns the line with all control characters except the tab escaped. A carriage return at the end
 * is dropped.
 */
export function printable(line: string): string {
  return line.replace(/\r$/, '').split('\t').map(visible).join('\t');
}
