import type { AccountRecord } from '../../src/domain/account.ts';
import { defined } from '../../src/domain/defined.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import { refOf } from '../candidate.ts';
import type { Slot } from '../slots.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';

/**
 * Waits after the nth failure in a row before the directory is asked again. Rejects when the
 * service stops.
 */
export type Pause = (failures: number, error: DirectoryError) => Promise<void>;

/**
 * Makes the wait for the directory. Each wait is reported with the reason. An abort of `until` ends
 * it. An error with a result code may concern this account alone, so the slot is lent to others
 * meanwhile. Without a result code, the server does not answer for any account.
 */
export function pauseFor(
  record: AccountRecord,
  job: string | undefined,
  until: AbortSignal,
  slot: Slot,
  { away, report, accounts }: TurnDependencies,
): Pause {
  return async (failures, error) => {
    until.throwIfAborted(); // the abort itself has ended the request, so nothing is tried again
    const inMilliseconds = away.delay(failures);
    const attempt = failures + 1;
    report({
      event: 'retrying',
      attempt,
      inMilliseconds,
      reason: error.sentence,
      ...defined({ resultCode: error.resultCode }),
      ...refOf(record, job),
    });
    const waiting = () => {
      const wait = away.wait(inMilliseconds, until);
      accounts.turns.paused(record, { attempt, inMilliseconds, reason: error.sentence }, wait);
      return wait;
    };
    return error.resultCode === undefined ? waiting() : slot.lend(waiting);
  };
}
