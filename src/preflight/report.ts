/** One line of `check`. `advice` does not stand in the way of `run`. */
export interface CheckLine {
  readonly verdict: 'ok' | 'advice' | 'fail' | 'not tried';
  readonly what: string;
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Runs a check; whatever it throws is its failure, with the remedy of the error where that has one. */
export async function tried(what: string, check: () => Promise<Omit<CheckLine, 'what'>>): Promise<CheckLine> {
  try {
    return { what, ...(await check()) };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const remedy =
      error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
    return { what, verdict: 'fail', found, ...(remedy === undefined ? {} : { remedy }) };
  }
}
