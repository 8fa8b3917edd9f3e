/**
 * Writes text to a stream of the process. The stream may be a file, a pipe, a socket or a terminal.
 */
export interface Output {
  /** Writes texts of one or more whole lines in one write. Never throws and never blocks. */
  write(...texts: readonly string[]): void;
  /** Stops writing. Resolves within about two seconds; true if everything was written. */
  close(): Promise<boolean>;
}

export interface OutputOptions {
  /** The line that replaces a number of lost texts, with the reason. */
  readonly lossNote: (texts: number, why: string) => string;
  /**
   * Called with the reason if a file cannot be written: once for each cause, until a write
   * succeeds.
   */
  readonly failed?: (reason: string) => void;
}
