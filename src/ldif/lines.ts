import { LdifFault } from './fault.ts';

/** A line with its continuations joined, and the number of its first physical line, from 1. One character a byte. */
export interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/**
 * Cuts LDIF into the lines of its records (RFC 2849, notes 1 to 6): continuations joined byte by byte, so that a fold may
 * stand inside a character, comments left out, an empty line between two records. A fault of the folding is a record
 * of its own kind: it is given in the place of its line.
 */
export function* recordLines(bytes: Buffer): Generator<readonly (LogicalLine | LdifFault)[]> {
  const physical = withoutMark(bytes).toString('latin1').split(/\r?\n/);
  let record: (LogicalLine | LdifFault)[] = [];
  let open: { text: string; line: number } | undefined;
  const close = (): void => {
    if (open !== undefined && !open.text.startsWith('#')) record.push(open);
    open = undefined;
  };
  for (const [index, text] of physical.entries()) {
    if (text.startsWith(' ')) {
      if (open === undefined)
        record.push(new LdifFault(index + 1, 'a continuation (a line that begins with a blank) follows nothing'));
      else open.text += text.slice(1);
      continue;
    }
    close();
    if (text !== '') open = { text, line: index + 1 };
    else if (record.length > 0) {
      yield record;
      record = [];
    }
  }
  close();
  if (record.length > 0) yield record;
}

/** A byte order mark, as some editors write it, is no part of the text. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? bytes.subarray(3) : bytes;
}
