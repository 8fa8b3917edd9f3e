/** One line of `check`. `advice` does not stand in the way of `run`. */
export interface CheckLine {
  readonly verdict: 'ok' | 'advice' | 'fail' | 'not tried';
  readonly what: string;
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}
