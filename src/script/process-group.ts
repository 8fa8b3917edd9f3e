import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How long what was killed may take to be gone: a process in an uninterruptible wait cannot be waited for. */
const KILLED_WITHIN_MILLISECONDS = 2000;
const FIRST_POLL_MILLISECONDS = 5;
const LONGEST_POLL_MILLISECONDS = 200;
/** From fork to setsid, with room for a busy machine. */
const GROUP_MADE_WITHIN_MILLISECONDS = 50;

/** Sends a signal to every process of a group. False where there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  return sends(-group, signal);
}

/** Whether a group has a process that is more than a zombie (which nobody may ever reap, in a container). */
export function groupLives(group: number): boolean {
  if (!sends(-group, 0)) return false;
  const leader = readProcess(group);
  if (leader !== undefined && leader.group === group && leader.state !== 'Z') return true;
  const processes = listProcesses();
  return processes.length === 0 || processes.some((found) => found.group === group && found.state !== 'Z');
}

/**
 * SIGTERM to a process group, SIGKILL to what is left of it after the grace. Resolves when no process of the group lives;
 * false where some still did a while after SIGKILL.
 */
export async function endGroup(group: number, graceMilliseconds: number): Promise<boolean> {
  if (!signalGroup(group, 'SIGTERM')) {
    await delay(GROUP_MADE_WITHIN_MILLISECONDS);
    signalGroup(group, 'SIGTERM');
  }
  return outlastGroup(group, graceMilliseconds);
}

/**
 * Waits for a process group to end by itself; what is left of it after that time gets SIGKILL. Resolves as `endGroup` does.
 */
export async function outlastGroup(group: number, milliseconds: number): Promise<boolean> {
  if (await goneWithin(group, milliseconds)) return true;
  signalGroup(group, 'SIGKILL');
  return goneWithin(group, KILLED_WITHIN_MILLISECONDS);
}

async function goneWithin(group: number, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  for (let pause = FIRST_POLL_MILLISECONDS; groupLives(group); pause = Math.min(pause * 2, LONGEST_POLL_MILLISECONDS)) {
    const left = until - performance.now();
    if (left <= 0) return false;
    await delay(Math.min(pause, left));
  }
  return true;
}

function sends(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // EPERM: it exists, but runs as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** One line of the process table, as `/proc/PID/stat` has it (proc(5)). */
export interface ProcessLine {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** In clock ticks since boot: with the pid, it names one process for good. */
  readonly startedAt: string;
}

/** Every process that can be seen; empty where there is no /proc. */
export function listProcesses(): ProcessLine[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names.flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
}

/** One process; undefined where it is gone. */
export function readProcess(pid: number): ProcessLine | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '', group = ''] = fields;
  return { pid, state, parent: Number(parent), group: Number(group), startedAt: fields[19] ?? '' };
}
