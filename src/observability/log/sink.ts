import type { LogLine } from './log-line.ts';

/** A destination of log lines. */
export interface Sink {
  /** Takes a line. Never throws and never blocks. */
  write(line: LogLine): void;
  /** Stops writing. Resolves when all lines are written, or after about two seconds. */
  close(): Promise<void>;
}

/** A destination that may fail independently of the service, and reports its health. */
export interface Outlet extends Sink {
  health(): SinkHealth;
}

export interface SinkHealth {
  /** The number of lines lost since the start, as far as the service knows it. */
  readonly lost: number;
  /** Why the sink takes no lines. It is set until the sink takes lines again. */
  readonly failure?: string;
}

/** Called with a sentence about a fault of a sink. It is called once until the sink works again. */
export type OnProblem = (message: string) => void;
