import type { Connection } from './connection.ts';
import { MINIMUM_RATE } from './liveness.ts';

/** The wait for the answer to one request. */
export interface AwaitedAnswer {
  /** Part of the answer was received. */
  progressed(): void;
  /** The wait is over. */
  stop(): void;
}

/**
 * Waits for the answer to a request that has just been sent. Calls `silent` once if nothing of it
 * arrives for this long, nor bytes at `MINIMUM_RATE`: those may be a large message, of this answer
 * or of one before it.
 */
export function awaitAnswer(connection: Connection, timeoutMilliseconds: number, silent: () => void): AwaitedAnswer {
  let progressed = true;
  let received = connection.received;
  // One interval for the whole answer: a timer that is set again for each entry would cost more
  // than the entry.
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
