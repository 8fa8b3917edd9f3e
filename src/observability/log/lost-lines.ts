import type { LogLine } from './log-line.ts';

/** The line that replaces the lines that a receiver did not get. */
export function lostLines(lines: number, time: string): LogLine {
  return { time, level: 'warn', message: 'lines of the log were lost', fields: { lines } };
}
