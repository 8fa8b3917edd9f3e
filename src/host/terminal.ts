import { closeSync, openSync } from 'node:fs';

/**
 * Distinguishes the SIGHUP of a closed terminal from one that was sent (`kill -HUP`). Call it at
 * the start. The returned function says whether the process was started at a terminal that no
 * longer exists.
 */
export function watchTerminal(): () => boolean {
  const startedAtOne = process.stdin.isTTY === true || process.stdout.isTTY === true;
  return () => startedAtOne && !hasTerminal();
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
