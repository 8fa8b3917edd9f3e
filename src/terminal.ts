import { closeSync, openSync } from 'node:fs';

/**
 * Tells, when a SIGHUP comes, a terminal that was closed from somebody's kill -HUP: call it at the start; what it returns says
 * whether the process was started at a terminal that is gone by now.
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
