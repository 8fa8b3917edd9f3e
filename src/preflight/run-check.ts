import type { CheckLine } from '../domain/check-line.ts';

/**
 * Runs a check. An error that it throws becomes a failure, with the error's remedy if it has one.
 */
export async function runCheck(what: string, check: () => Promise<Omit<CheckLine, 'what'>>): Promise<CheckLine> {
  try {
    return { what, ...(await check()) };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const remedy =
      error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
    return { what, verdict: 'fail', found, ...(remedy === undefined ? {} : { remedy }) };
  }
}
