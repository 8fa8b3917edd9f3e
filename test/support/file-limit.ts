import { execFileSync } from 'node:child_process';

/**
 * Limits the size of the files of a process, in bytes: a write succeeds up to the limit and the
 * next one fails, as on a full disk. Infinity removes the limit.
 */
export function limitFiles(pid: number, bytes: number): void {
  const limit = Number.isFinite(bytes) ? bytes : 'unlimited';
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:`]);
}
