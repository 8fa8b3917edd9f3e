/** Text to a stream of the process, wherever that leads. */
export interface Output {
  /** Never throws, and never waits for a reader. A text is one line or several, with their ends. */
  write(text: string): void;
  /** Resolves to whether all is out, within two seconds or so. Nothing is written afterwards. */
  close(): Promise<boolean>;
}

export interface OutputOptions {
  /** The line that stands in the place of so many texts, and why they are missing. */
  readonly leftOut: (texts: number, why: string) => string;
  /** Told what keeps a file from being written: once for each cause, until it can be written again. */
  readonly failed?: (reason: string) => void;
}
