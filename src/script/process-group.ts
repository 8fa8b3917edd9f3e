import { setTimeout as delay } from 'node:timers/promises';
import { backoff } from '../domain/retry.ts';
import { systemCode } from '../host/host-fault.ts';
import { listProcesses, readProcess } from './process-table.ts';

/**
 * How long killed processes may take to end. The wait is limited because a process in an
 * uninterruptible wait may never end.
 */
const KILLED_WITHIN_MILLISECONDS = 2000;
/** The pauses between two checks, in milliseconds. */
const POLL = { initial: 5, max: 200 };
/** The time from fork to setsid, with a reserve for a busy machine. */
const GROUP_MADE_WITHIN_MILLISECONDS = 50;

/** Sends a signal to every process of a group. Returns false if there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  return trySignal(-group, signal);
}

/**
 * Whether a group has any process, even a zombie. As long as it has, the kernel gives its number to
 * no new process.
 */
export function groupExists(group: number): boolean {
  return trySignal(-group, 0);
}

/**
 * Whether a group has a process that is not a zombie. In a container, zombies may never be reaped.
 * Without /proc, zombies count, too.
 */
export async function groupLives(group: number): Promise<boolean> {
  if (!groupExists(group)) return false;
  const leader = await readProcess(group);
  if (leader !== undefined && leader.group === group && leader.state !== 'Z') return true;
  const processes = await listProcesses();
  return processes.length === 0 || processes.some((each) => each.group === group && each.state !== 'Z');
}

/**
 * Sends SIGTERM to a process group and, after the grace, SIGKILL to what is left of it. Resolves
 * with true when no process of the group is alive, and with false if one is alive 2 s after
 * SIGKILL.
 */
export async function endGroup(group: number, graceMilliseconds: number): Promise<boolean> {
  if (!signalGroup(group, 'SIGTERM')) {
    await delay(GROUP_MADE_WITHIN_MILLISECONDS);
    signalGroup(group, 'SIGTERM');
  }
  return waitThenKillGroup(group, graceMilliseconds);
}

/**
 * Waits for a process group to end by itself, and sends SIGKILL to what is left of it after that
 * time. Resolves as `endGroup` does.
 */
export async function waitThenKillGroup(group: number, milliseconds: number): Promise<boolean> {
  if (await groupEndsWithin(group, milliseconds)) return true;
  signalGroup(group, 'SIGKILL');
  return groupEndsWithin(group, KILLED_WITHIN_MILLISECONDS);
}

async function groupEndsWithin(group: number, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  for (let looks = 1; await groupLives(group); looks += 1) {
    const left = until - performance.now();
    if (left <= 0) return false;
    await delay(Math.min(left, backoff(looks, POLL)));
  }
  return true;
}

function trySignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // EPERM: the group exists, but runs as another user.
    return systemCode(error) === 'EPERM';
  }
}
