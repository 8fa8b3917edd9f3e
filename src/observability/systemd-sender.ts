import type { PythonHelper } from '../host/python-helper.ts';
import { startDatagrams } from './datagrams.ts';

/**
 * Sends lines to the service manager's socket, each as one datagram. A zero byte stands for a
 * newline within one.
 */
export interface Sender {
  /** Never blocks and never throws. A line sent while no helper process runs is lost. */
  send(line: string): void;
  /** Stops sending. Lines that were sent before still arrive. */
  close(): void;
}

export interface SenderOptions {
  /** NOTIFY_SOCKET: a path. A leading @ means the abstract namespace. */
  readonly address: string;
  /** The Python interpreter; default: the system's. */
  readonly interpreter?: string | undefined;
  /**
   * Called when the helper process ends, with the reason. Not called again until one has run for
   * `LONGEST_PAUSE`.
   */
  readonly failed: (reason: string) => void;
  /** Called when another helper process was started: the caller sends the current state again. */
  readonly restarted: () => void;
}

const FIRST_PAUSE = 100;
/** Milliseconds. A helper process that runs longer than this is taken to work. */
const LONGEST_PAUSE = 5_000;

/**
 * Starts a helper process that sends lines, and starts it again when it ends.
 *
 * States: `sending` -> `pausing` (the helper ended; the pause doubles each time) -> `sending`.
 * `closed`, from both.
 */
export function openSender({ address, interpreter, failed, restarted }: SenderOptions): Sender {
  let helper: PythonHelper | undefined;
  let pause = FIRST_PAUSE;
  let reported = false;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const start = (): void => {
    const startedAt = performance.now();
    const ended = (reason: string): void => {
      if (closed) return;
      helper = undefined;
      if (performance.now() - startedAt > LONGEST_PAUSE) {
        pause = FIRST_PAUSE;
        reported = false;
      }
      if (!reported) failed(reason);
      reported = true;
      retry = setTimeout(restart, pause);
      retry.unref();
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
    helper = startDatagrams({
      path: address,
      policy: 'drop',
      title: 'notify',
      interpreter,
      ended: (reason) => ended(`the helper process ended (${reason})`),
    });
  };
  const restart = (): void => {
    start();
    restarted();
  };

  start();
  return {
    send: (line) => {
      helper?.write(`${line}\n`);
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      void helper?.close();
    },
  };
}
