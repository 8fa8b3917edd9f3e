import { fileURLToPath } from 'node:url';
import { PYTHON, type PythonHelper, startPythonHelper } from '../host/python-helper.ts';

/** What the process writes when it is ready. */
const READY = 0;

const PROGRAM = fileURLToPath(new URL('./datagrams.py', import.meta.url));

export interface DatagramsOptions {
  /** The path of the socket. A leading @ means the abstract namespace. */
  readonly path: string;
  /**
   * `keep`: a line that the receiver does not take waits until it does. `drop`: such a line is
   * lost.
   */
  readonly policy: 'keep' | 'drop';
  /** The name of the process in a list of processes. */
  readonly title: string;
  /** The path of Python. Default: the one of the system. */
  readonly interpreter?: string | undefined;
  /** Called when the process is ready, and when a line that had stalled was sent. */
  readonly ready?: () => void;
  /** Called when a line has waited for its receiver for two seconds. */
  readonly stalled?: () => void;
  /** Called once, with the reason, when the process has ended. */
  readonly ended: (reason: string) => void;
}

/**
 * Starts a helper process (datagrams.py) that sends each line of its input as one datagram, because
 * Node.js has no Unix datagram sockets. The process ignores the signals that the terminal or the
 * unit sends to the whole group, and ends at the end of its input.
 */
export function startDatagrams(options: DatagramsOptions): PythonHelper {
  const { path, policy, title, interpreter = PYTHON, ready, stalled, ended } = options;
  return startPythonHelper(
    { interpreter, title, program: PROGRAM, args: [path, policy] },
    { onData: (said) => (said.at(-1) === READY ? ready?.() : stalled?.()), onEnd: ended },
  );
}
