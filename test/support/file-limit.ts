import { execFileSync } from 'node:child_process';

/**
 * Lets no file of a process grow beyond so many bytes: a write gets as far as that, and the next one fails, as on a disk without
 * room. Infinity: as far as they like again.
 */
export function limitFiles(pid: number, bytes: number): void {
  const limit = Number.isFinite(bytes) ? bytes : 'unlimited';
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:`]);
}
