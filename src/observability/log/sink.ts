import type { LogLine } from './log-line.ts';

/** Where lines of the log end up. */
export interface Sink {
  /** Takes a line; never throws and never waits. */
  write(line: LogLine): void;
  /** Resolves when all lines taken are out, or cannot be within two seconds or so. Nothing is written afterwards. */
  close(): Promise<void>;
}

/** Told, in a sentence, what keeps a sink from its work; once until it works again. */
export type OnProblem = (message: string) => void;
