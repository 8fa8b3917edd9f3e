import type { CheckLine, Found } from '../domain/check-line.ts';
import { defined } from '../domain/defined.ts';
import { errorText } from '../domain/error-text.ts';
import { shortageIn } from '../host/shortage.ts';

/**
 * Runs a check. An error that it throws becomes a failure, with the error's remedy if it has one. A
 * shortage of the host is reported as a shortage, because it says nothing about the subject of the
 * check.
 */
export async function runCheck(what: string, check: () => Promise<Found>): Promise<CheckLine> {
  try {
    return { what, ...(await check()) };
  } catch (thrown) {
    const error = shortageIn(thrown) ?? thrown;
    const found = errorText(error);
    const remedy =
      error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
    return { what, verdict: 'fail', found, ...defined({ remedy }) };
  }
}
