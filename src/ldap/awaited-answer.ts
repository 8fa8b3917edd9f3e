import type { Connection } from './connection.ts';
import { MINIMUM_RATE } from './liveness.ts';

/** The wait for the answer to one request. */
export interface AwaitedAnswer {
  /** Part of the answer was received. */
  progressed(): void;
  /** Ends the wait. */
  stop(): void;
}

/**
 * Waits for the answer to a request that has just been sent. Calls `silent` once if no part of the
 * answer arrives for `timeoutMilliseconds`. After a part has arrived, the silence must last at
 * least half of that time. Bytes at `MINIMUM_RATE` prolong the wait, because they may be a large
 * message, of this answer or of an earlier one.
 *
 * States: waiting -> silent (`silent` was called), waiting -> stopped (`stop`).
 */
export function awaitAnswer(connection: Connection, timeoutMilliseconds: number, silent: () => void): AwaitedAnswer {
  let progressed = true;
  let received = connection.received;
  // One interval serves the whole answer, because a new timer for each entry would cost more than
  // the entry itself.
  const timer = setInterval(() => {
    const isComing = connection.received - received >= (MINIMUM_RATE * timeoutMilliseconds) / 2;
    if (!progressed && !isComing) {
      clearInterval(timer);
      silent();
    }
    progressed = false;
    received = connection.received;
  }, timeoutMilliseconds / 2);
  return {
    progressed: () => {
      progressed = true;
    },
    stop: () => clearInterval(timer),
  };
}
