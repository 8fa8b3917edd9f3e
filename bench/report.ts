/** Prints the results of the benchmark and its verdict. */

interface Target {
  readonly what: string;
  readonly reached: boolean;
  readonly found: string;
}

const targets: Target[] = [];

export function heading(text: string): void {
  console.log(`\n== ${text}`);
}

export function note(text: string): void {
  console.log(`   ${text}`);
}

/** Prints rows with aligned columns: the first one to the left, the others to the right. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...rows]) {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    console.log(`   ${cells.join('  ')}`.trimEnd());
  }
}

/**
 * Prints whether `value` is at most `limit`, and keeps the result for the summary. NaN counts as
 * not reached.
 */
export function target(what: string, value: number, limit: number, unit: (value: number) => string): void {
  const reached = value <= limit;
  const found = `${unit(value)}, wanted at most ${unit(limit)}`;
  targets.push({ what, reached, found });
  note(`${reached ? 'ok' : 'NOT REACHED'}: ${what}: ${found}`);
}

export function summary(): void {
  heading('targets');
  for (const { what, reached, found } of targets) note(`${reached ? 'ok         ' : 'NOT REACHED'}  ${what}: ${found}`);
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(3)} s`;
export const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
export const bytes = (value: number): string => `${value.toFixed(0)} B`;
export const ratio = (value: number, of: number): string => `${(value / of).toFixed(2)} x`;
