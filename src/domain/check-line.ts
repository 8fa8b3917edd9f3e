/** One line of the output of `check`. `advice` does not prevent `run`. */
export interface CheckLine {
  readonly verdict: 'ok' | 'advice' | 'fail' | 'not tried';
  readonly what: string;
  readonly found: string;
  readonly remedy?: string;
}
