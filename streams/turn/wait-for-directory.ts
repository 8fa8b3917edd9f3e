import type { AccountRecord } from '../../src/domain/account.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import { refOf } from '../candidate.ts';
import type { Slot } from '../slots.ts';
import type { Surroundings } from '../surroundings.ts';
import { codeOf } from './turn-events.ts';

/**
 * Waits after the nth failure in a row until it is worth asking the directory again. Rejects when
 * the service stops.
 */
export type Pause = (failures: number, error: DirectoryError) => Promise<void>;

/**
 * Makes the waiting for the directory. Each wait is told with what is wrong, and ends `until` the
 * signal. An answer may be about this account alone, so it lends its slot to others meanwhile.
 * Without an answer they would fare no better.
 */
export function pauseFor(
  record: AccountRecord,
  job: string | undefined,
  until: AbortSignal,
  slot: Slot,
  { away, report }: Surroundings,
): Pause {
  return async (failures, error) => {
    until.throwIfAborted(); // the end itself broke the request off, and nothing is tried again
    const inMilliseconds = away.delay(failures);
    const attempt = failures + 1;
    report({
      event: 'retrying',
      attempt,
      inMilliseconds,
      reason: error.sentence,
      ...codeOf(error),
      ...refOf(record, job),
    });
    const waiting = () => away.wait(inMilliseconds, until);
    return error.resultCode === undefined ? waiting() : slot.lend(waiting);
  };
}
