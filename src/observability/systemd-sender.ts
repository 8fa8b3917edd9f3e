import { backoff } from '../domain/retry.ts';
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
   * Called with the reason when the helper process ends. Not called again until a helper process
   * has run for longer than `PAUSE.max`.
   */
  readonly failed: (reason: string) => void;
  /** Called when another helper process was started: the caller sends the current state again. */
  readonly restarted: () => void;
}

/** Milliseconds. A helper process that runs for longer than `max` is considered to work. */
const PAUSE = { initial: 100, max: 5_000 };

/**
 * Starts a helper process that sends lines, and starts it again when it ends.
 *
 * States:
 *   sending -> pausing    the helper process has ended; the pause doubles each time
 *   pausing -> sending    the pause is over, and another helper process is started
 *   any -> closed         `close`
 */
export function openSender({ address, interpreter, failed, restarted }: SenderOptions): Sender {
  let helper: PythonHelper | undefined;
  /** The number of consecutive failures. Only the first one is reported. */
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const start = (): void => {
    const startedAt = performance.now();
    const ended = (reason: string): void => {
      if (closed) return;
      helper = undefined;
      failures = performance.now() - startedAt > PAUSE.max ? 1 : failures + 1;
      if (failures === 1) failed(reason);
      retry = setTimeout(restart, backoff(failures, PAUSE)).unref();
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
