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
 * Waits for the answer to a request that has just been sent. Calls `silent` once when nothing of it
 * has arrived for `timeoutMilliseconds`, or, after a part of it, for at least half of that. Bytes
 * at `MINIMUM_RATE` prolong the wait: they may be a large message, of this answer or of an earlier
 * one.
 */
export function awaitAnswer(connection: Connection, timeoutMilliseconds: number, silent: () => void): AwaitedAnswer {
  let progressed = true;
  let received = connection.received;
  // One interval serves the whole answer: setting a timer for each entry would cost more than the
  // entry.
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
