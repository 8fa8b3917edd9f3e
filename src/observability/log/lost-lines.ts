import type { LogLine } from './log-line.ts';

/** The line that stands in the place of those that a receiver never got. */
export function lostLines(lines: number, time: string): LogLine {
  return { time, level: 'warn', message: 'lines of the log were lost', fields: { lines } };
}
