import { LdifFault } from './fault.ts';

/**
 * A line with its continuations joined, one character for each byte. `line` is the number of its
 * first physical line, from 1.
 */
export interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/** The lines of one record. A fault of the folding or of the size takes the place of its line. */
export type RecordLines = readonly (LogicalLine | LdifFault)[];

/** The limits of one record. No more than one record of a file is in memory at a time. */
export interface RecordLimits {
  /** The total length of its lines, with line ends and folds. */
  readonly bytes: number;
  /** The number of its lines, without continuations. */
  readonly lines: number;
}

/**
 * More than directories accept in one request by default (slapd 16 MiB, 389-ds 2 MiB). Base64 takes
 * a third more.
 */
const RECORD_LIMITS: RecordLimits = { bytes: 32 * 1024 * 1024, lines: 250_000 };

/**
 * Splits LDIF, which comes in pieces of any size, into the lines of its records (RFC 2849, notes 1
 * to 6). An empty line ends a record. Continuations are joined byte by byte, because a fold may be
 * inside a character. Comments are dropped. At most one record is held.
 *
 *   between records --a line--> in a record
 *   in a record --an empty line, or the end: its lines are yielded--> between records
 *   in a record --beyond the limits: the fault is yielded--> too large: its lines are dropped
 *   too large --an empty line, or the end--> between records
 */
export class RecordCutter {
  readonly #limits: RecordLimits;
  /**
   * The physical line that is not complete yet, in pieces. Beyond the limit only the first piece is
   * kept.
   */
  #pieces: string[] = [];
  /** The length of that line, including pieces that were not kept. */
  #pending = 0;
  /** The logical line that may be continued, in pieces. */
  #open: { pieces: string[]; readonly line: number } | undefined;
  #record: (LogicalLine | LdifFault)[] = [];
  #bytes = 0;
  #lines = 0;
  #line = 0;
  #firstLine = 0;
  #isTooLarge = false;

  constructor(limits: RecordLimits = RECORD_LIMITS) {
    this.#limits = limits;
  }

  /** Takes the next piece of the input and yields the records that it completes. */
  *take(bytes: Buffer): Generator<RecordLines> {
    const text = bytes.toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#keep(text.slice(start, end));
      start = end + 1;
      const record = this.#endLine();
      if (record !== undefined) yield record;
    }
    if (start === text.length) return;
    this.#keep(text.slice(start));
    // A line may exceed the limit before its end is received.
    const isTooLong = this.#bytes + this.#pending > this.#limits.bytes && !this.#isComment(this.#pieces[0] ?? '');
    if (isTooLong && !this.#isTooLarge) yield this.#giveUp(this.#bytes === 0 ? this.#line + 1 : this.#firstLine);
  }

  /** To be called at the end of the input. Yields the record that the end completes. */
  *end(): Generator<RecordLines> {
    if (this.#pieces.length > 0) {
      const record = this.#endLine();
      if (record !== undefined) yield record;
    }
    const last = this.#endRecord();
    if (last !== undefined) yield last;
  }

  #keep(piece: string): void {
    this.#pending += piece.length;
    const isKept = !this.#isTooLarge && this.#bytes + this.#pending <= this.#limits.bytes;
    if (isKept || this.#pieces.length === 0) this.#pieces.push(piece);
  }

  #endLine(): RecordLines | undefined {
    this.#line += 1;
    const text = withoutMarks(this.#pieces.join(''), this.#line);
    const bytes = this.#pending + 1;
    this.#pieces = [];
    this.#pending = 0;
    if (text === '') return this.#endRecord();
    if (!this.#isComment(text)) return this.#add(text, bytes);
    if (text.startsWith('#')) this.#begin('#');
    return undefined;
  }

  /** Whether a line is a comment or continues one. The beginning of the line is enough to tell. */
  #isComment(line: string): boolean {
    const text = withoutMarks(line, this.#line + 1);
    return text.startsWith('#') || (text.startsWith(' ') && this.#isInComment());
  }

  #isInComment(): boolean {
    return this.#open?.pieces[0] === '#';
  }

  #add(text: string, bytes: number): RecordLines | undefined {
    if (this.#isTooLarge) return undefined;
    if (this.#bytes === 0) this.#firstLine = this.#line;
    this.#bytes += bytes;
    if (!text.startsWith(' ')) this.#lines += 1;
    if (this.#bytes > this.#limits.bytes || this.#lines > this.#limits.lines) return this.#giveUp(this.#firstLine);
    if (!text.startsWith(' ')) this.#begin(text);
    else if (this.#open !== undefined) this.#open.pieces.push(text.slice(1));
    else
      this.#record.push(
        new LdifFault(this.#line, 'a continuation (a line that begins with a blank) has no line before it'),
      );
    return undefined;
  }

  /** Drops the lines of the record, also those that follow, and returns the fault instead. */
  #giveUp(firstLine: number): RecordLines {
    this.#isTooLarge = true;
    this.#record = [];
    this.#open = undefined;
    const { bytes, lines } = this.#limits;
    return [new LdifFault(firstLine, `the record is too large: it may have at most ${bytes} bytes and ${lines} lines`)];
  }

  #begin(text: string): void {
    this.#close();
    this.#open = { pieces: [text], line: this.#line };
  }

  #close(): void {
    const open = this.#open;
    if (open !== undefined && !this.#isInComment()) {
      this.#record.push({ text: open.pieces.join(''), line: open.line });
    }
    this.#open = undefined;
  }

  #endRecord(): RecordLines | undefined {
    this.#close();
    const record = this.#record;
    this.#record = [];
    this.#bytes = 0;
    this.#lines = 0;
    this.#isTooLarge = false;
    return record.length > 0 ? record : undefined;
  }
}

/**
 * Removes the CR at the end of a line, and the byte order mark that some editors write at the
 * beginning of a file.
 */
function withoutMarks(text: string, line: number): string {
  const ended = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line === 1 && ended.startsWith('\xef\xbb\xbf') ? ended.slice(3) : ended;
}
