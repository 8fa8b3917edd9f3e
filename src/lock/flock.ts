import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { errorText } from '../domain/error-text.ts';
import { passShortage } from '../host/shortage.ts';
import { LockFault } from './errors.ts';

/** The PATH on which flock(1) is searched for if the service has none. */
const DEFAULT_PATH = '/usr/bin:/bin';
/** The exit code of flock(1) with `-n` if another process holds the lock. */
const HELD_EXIT_CODE = 1;

/**
 * Locks an open file exclusively, as flock(2) does. It uses flock(1) of util-linux, as Node.js has
 * no such call. The lock belongs to the open file: it outlasts flock(1) and ends with the last
 * descriptor of this opening, however the process ends. Programs that Node.js starts do not inherit
 * its files. Resolves to true if the file is locked, and to false if another process holds the lock
 * for longer than the given time. Rejects with a LockFault.
 */
export async function lockFile(descriptor: number, waitMilliseconds: number): Promise<boolean> {
  const waits = waitMilliseconds > 0;
  // The child has its own process group, so that a Ctrl-C in the terminal reaches only the service.
  const child = spawn('flock', [...(waits ? [] : ['-n']), '-x', '3'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    env: { PATH: process.env['PATH'] || DEFAULT_PATH, LC_ALL: 'C' },
    ...(waits ? { timeout: waitMilliseconds, killSignal: 'SIGKILL' } : {}),
  });
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput += text;
  });
  const [code, signal] = await ended(child);
  if (code === 0) return true;
  if (waits ? child.killed : code === HELD_EXIT_CODE) return false;
  throw new LockFault(
    `flock ended with ${code ?? signal}${errorOutput === '' ? '' : `: ${errorOutput.trim()}`}`,
    "put the lock's folder on a file system that supports flock(2)",
  );
}

async function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  try {
    return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  } catch (cause) {
    passShortage(cause);
    const words = errorText(cause);
    throw new LockFault(`flock cannot be started (${words})`, 'install util-linux, or put it into PATH', cause);
  }
}
