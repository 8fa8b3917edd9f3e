import type { LogLine } from './log-line.ts';

/** A destination of log lines. */
export interface Sink {
  /** Takes a line. Never throws and never blocks. */
  write(line: LogLine): void;
  /** Stops writing. Resolves when all lines are written, or after about two seconds. */
  close(): Promise<void>;
}

/** A destination that may fail by itself, and tells how it does. */
export interface Outlet extends Sink {
  health(): SinkHealth;
}

export interface SinkHealth {
  /** The number of lines that were lost since the start, as far as that is known here. */
  readonly lost: number;
  /** Why it takes no lines, until it does again. */
  readonly failure?: string;
}

/** Called with a sentence about a fault of a sink: once, until it works again. */
export type OnProblem = (message: string) => void;
