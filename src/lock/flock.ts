import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { passShortage } from '../host/shortage.ts';
import { LockFault } from './errors.ts';

/** Where flock(1) is looked for when the service itself was started without PATH. */
const DEFAULT_PATH = '/usr/bin:/bin';
/** What flock(1) says where the lock is held and it is not to wait. */
const HELD = 1;

/**
 * Locks an open file as flock(2) does, exclusively, through flock(1) of util-linux, as Node.js has
 * no call for it. The lock is that of the open file: it stays when flock(1) has ended, until the
 * last descriptor of this opening is closed, however the process ends. Node.js opens files so that
 * no program which it starts inherits them. Resolves to whether it is locked: false where somebody
 * else holds it, for longer than it is waited. Rejects with a LockFault.
 */
export async function lockFile(descriptor: number, waitMilliseconds: number): Promise<boolean> {
  const waits = waitMilliseconds > 0;
  // In a group of its own: a Ctrl-C in the service's terminal is the service's to handle.
  const child = spawn('flock', [...(waits ? [] : ['-n']), '-x', '3'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    env: { PATH: process.env['PATH'] || DEFAULT_PATH, LC_ALL: 'C' },
    ...(waits ? { timeout: waitMilliseconds, killSignal: 'SIGKILL' } : {}),
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [code, signal] = await ended(child);
  if (code === 0) return true;
  if (waits ? child.killed : code === HELD) return false;
  throw new LockFault(
    `flock ended with ${code ?? signal}${complaint === '' ? '' : `: ${complaint.trim()}`}`,
    "see to it that the file system of the lock's folder knows flock(2)",
  );
}

async function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  try {
    return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  } catch (cause) {
    passShortage(cause);
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new LockFault(`flock cannot be started (${words})`, 'install util-linux, or put it into PATH', cause);
  }
}
