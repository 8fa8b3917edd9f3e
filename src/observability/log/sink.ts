import type { LogLine } from './log-line.ts';

/** A destination of log lines. */
export interface Sink {
  /** Takes a line. Never throws and never blocks. */
  write(line: LogLine): void;
  /** Stops writing. Resolves when all lines are written, or after about two seconds. */
  close(): Promise<void>;
}

/** Called with a sentence about a fault of a sink: once, until it works again. */
export type OnProblem = (message: string) => void;
