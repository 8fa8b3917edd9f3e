import type { Writable } from 'node:stream';
import { defined } from '../../domain/defined.ts';
import { backoff } from '../../domain/retry.ts';
import type { LogLine } from './log-line.ts';
import { lostLines } from './lost-lines.ts';
import { MessageQueue } from './message-queue.ts';
import type { OnProblem, Outlet } from './sink.ts';

/** One connection to a receiver. */
export interface Link {
  /** Messages are written to it. */
  readonly stream: Writable;
  /** Ends the connection at once. */
  destroy(): void;
}

export interface StreamSinkOptions {
  /**
   * Opens a connection. Calls `up` when the connection accepts messages, `stalled` when messages
   * wait in it, and `down` once, when it ends or cannot be opened.
   */
  open(up: () => void, down: (reason: string) => void, stalled: (reason: string) => void): Link;
  /** Renders a line as one message, framed for the stream. */
  readonly render: (line: LogLine) => Buffer;
  /** The name of the receiver in problems, such as `syslog at tcp://log.example.org:601`. */
  readonly name: string;
  readonly onProblem: OnProblem;
  /**
   * The pause before the first reconnection in milliseconds. It doubles each time, up to 30 s.
   * Default: 1 s.
   */
  readonly firstPause?: number;
  /** How long `close` waits for the receiver, in milliseconds. Default: 2 s. */
  readonly closeWithin?: number;
}

const LONGEST_PAUSE = 30_000;

/**
 * Sends messages to a receiver that may be unavailable for a time. Meanwhile, messages wait in a
 * bounded queue. Lost messages are counted, and their number is sent to the receiver.
 *
 * States:
 *   opening -> up         the connection accepts messages
 *   opening, up -> down   the connection has ended, or could not be opened
 *   down -> opening       the pause is over
 *   any -> closing        `close`; this state is final
 */
export function createStreamSink(options: StreamSinkOptions): Outlet {
  const { render, name, onProblem, firstPause = 1_000, closeWithin = 2_000 } = options;
  const queue = new MessageQueue();
  let link: Link | undefined;
  let isUp = false;
  let closing: (() => void) | undefined;
  /** The number of consecutive failures. */
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let failure: string | undefined;
  let lastTime = '';

  const pump = (): void => {
    if (link === undefined || !isUp) return;
    const { stream } = link;
    const write = (message: Buffer, failed: () => void): void => {
      stream.write(message, (error) => {
        if (error !== null && error !== undefined) failed();
      });
    };
    const lost = queue.takeLost();
    if (lost > 0) write(render(lostLines(lost, lastTime)), () => queue.keepLost(lost));
    while (!stream.writableNeedDrain) {
      const message = queue.shift();
      if (message === undefined) break;
      write(message, () => queue.countLost(1));
    }
    if (closing !== undefined && queue.size === 0) stream.end();
  };

  const fail = (reason: string): void => {
    if (failure === undefined)
      onProblem(`${name} does not take the log (${reason}); the service tries again, and lines wait until then`);
    failure = reason;
  };

  const up = (): void => {
    isUp = true;
    failure = undefined;
    failures = 0;
    pump();
  };

  const down = (reason: string): void => {
    link = undefined;
    isUp = false;
    if (closing !== undefined && queue.size === 0) {
      closing();
      return;
    }
    fail(reason);
    failures += 1;
    retry = setTimeout(connect, backoff(failures, { initial: firstPause, max: LONGEST_PAUSE })).unref();
  };

  const connect = (): void => {
    let ended = false;
    const ends = (reason: string): void => {
      if (ended) return;
      ended = true;
      down(reason);
    };
    const opened = options.open(up, ends, fail);
    if (ended) return;
    link = opened;
    opened.stream.on('drain', pump);
  };

  connect();
  return {
    write: (line) => {
      if (closing !== undefined) return;
      lastTime = line.time;
      queue.push(render(line));
      if (isUp && link?.stream.writableNeedDrain === false) pump();
    },
    health: () => ({ lost: queue.allLost, ...defined({ failure }) }),
    close: () =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => closing?.(), closeWithin);
        closing = (): void => {
          clearTimeout(deadline);
          clearTimeout(retry);
          link?.destroy();
          resolve();
        };
        if (!isUp && queue.size === 0) closing();
        else pump();
      }),
  };
}
