/** One line of the output of `check`. `advice` does not prevent `run`. */
export interface CheckLine {
  readonly verdict: 'ok' | 'advice' | 'fail' | 'not tried';
  readonly what: string;
  readonly found: string;
  readonly remedy?: string;
}

/** What a check has found, without its name. */
export type Found = Omit<CheckLine, 'what'>;
