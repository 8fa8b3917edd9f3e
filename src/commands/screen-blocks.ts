import { visible } from '../domain/visible.ts';
import { paint } from '../observability/colour.ts';
import { wrap } from '../observability/wrap.ts';

/** A list with a title. `count`: the number of all rows, including those that are not in `rows`. */
export interface Block {
  readonly title: string;
  readonly count: number;
  readonly rows: ReadonlyArray<readonly string[]>;
  /** How much of the screen the list gets, relative to the other lists. Default: 1. */
  readonly weight?: number;
  /** The text between two columns. Default: two blanks. */
  readonly gap?: string;
}

interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/** The fewest lines of a list below its title. */
const FEWEST = 2;
/** The fewest columns of the last column. */
const NARROWEST = 20;

/**
 * Renders lists as lines that fit on the screen, as far as possible. Rows that do not fit are
 * counted. The lists share the screen by their weights. Lines that a list does not need go to the
 * other lists, the first one first.
 */
export function fitted(blocks: readonly Block[], { columns, rows, colour }: Room): string[] {
  const wanted = blocks.map((block) => rowLines(block, columns));
  const lengths = wanted.map((lines) => lines.reduce((sum, { length }) => sum + length, 0));
  const weights = blocks.map(({ weight = 1 }) => weight);
  const shares = share(lengths, weights, rows - blocks.length);
  return blocks.flatMap(({ title, count }, index) => [
    ...wrap(visible(title), columns).map((line) => paint(line, 'bold', colour)),
    ...cut(wanted[index] ?? [], count, shares[index] ?? FEWEST),
  ]);
}

/** Distributes the lines of the screen to lists of these lengths. */
function share(lengths: readonly number[], weights: readonly number[], room: number): number[] {
  const part = room / weights.reduce((sum, weight) => sum + weight, 0);
  const shares = lengths.map((length, index) =>
    Math.min(length, Math.max(FEWEST, Math.floor(part * (weights[index] ?? 1)))),
  );
  let left = room - shares.reduce((sum, one) => sum + one, 0);
  return shares.map((one, index) => {
    const more = Math.max(0, Math.min(left, (lengths[index] ?? 0) - one));
    left -= more;
    return one + more;
  });
}

/** The rows that fit, and the number of those that do not. */
function cut(rows: ReadonlyArray<readonly string[]>, count: number, room: number): string[] {
  const lines: string[] = [];
  const isWhole = count <= rows.length && rows.reduce((sum, { length }) => sum + length, 0) <= room;
  let shown = 0;
  for (const row of rows) {
    if (!isWhole && shown > 0 && lines.length + row.length > room - 1) break;
    lines.push(...row);
    shown += 1;
  }
  return shown < count ? [...lines, `  and ${count - shown} more (--json has them)`] : lines;
}

/** Rows with aligned columns, each as its lines. The last column is wrapped. */
function rowLines({ rows, gap = '  ' }: Block, columns: number): string[][] {
  const widths: number[] = [];
  const cells = rows.map((row) => row.map((cell) => visible(cell)));
  for (const row of cells) {
    for (const [index, { length }] of row.slice(0, -1).entries()) widths[index] = Math.max(widths[index] ?? 0, length);
  }
  const indent = 2 + widths.reduce((sum, width) => sum + width + gap.length, 0);
  return cells.map((row) => {
    const before = row.slice(0, -1).map((cell, index) => `${cell.padEnd(widths[index] ?? 0)}${gap}`);
    const [first = '', ...others] = wrap(row.at(-1) ?? '', Math.max(NARROWEST, columns - indent));
    return [`  ${before.join('')}${first}`.trimEnd(), ...others.map((line) => ' '.repeat(indent) + line)];
  });
}
