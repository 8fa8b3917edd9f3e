import type { AccountRecord } from '../src/domain/account.ts';
import type { Patience } from '../src/domain/directory.ts';
import { DirectoryError } from '../src/domain/directory-error.ts';
import type { Attempting } from './attempt-dependencies.ts';
import { refOf } from './candidate.ts';

/**
 * Makes the waiting for the directory. Each wait is told with what is wrong, and ends `until` the
 * signal. An answer may be about this account alone, so it lends its permit to others meanwhile.
 * Without an answer they would fare no better.
 */
export function patienceFor(
  record: AccountRecord,
  job: string | undefined,
  until: AbortSignal,
  { away, permit, report }: Attempting,
): Patience {
  return async (failures, error) => {
    until.throwIfAborted(); // the end itself broke the request off, and nothing is tried again
    const inMilliseconds = away.delay(failures);
    const reason = error instanceof DirectoryError ? explain(error) : String(error);
    report({
      event: 'retrying',
      attempt: failures + 1,
      inMilliseconds,
      reason,
      ...codeOf(error),
      ...refOf(record, job),
    });
    const waiting = () => away.wait(inMilliseconds, until);
    const isAnswer = error instanceof DirectoryError && error.resultCode !== undefined;
    return isAnswer ? permit.lend(waiting) : waiting();
  };
}

/** The code by which the directory refused, where it did. */
export function codeOf(error: unknown): { readonly resultCode?: number } {
  return error instanceof DirectoryError && error.resultCode !== undefined ? { resultCode: error.resultCode } : {};
}

/** The message of an error with its remedy. */
export function explain(error: DirectoryError): string {
  return error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
}
