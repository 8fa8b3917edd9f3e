import { spawn } from 'node:child_process';
import { endGroup, signalGroup } from '../../src/script/process-group.ts';

export interface CommandLimits {
  readonly seconds: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: it is shown. */
  readonly output?: 'ignore';
}

/** How long what is told to end may take before it is killed, in milliseconds. */
const GRACE = 3_000;

/** The process groups of the commands that run. */
const groups = new Set<number>();

/** A command did not end within its budget. */
export class OverBudget extends Error {
  override readonly name = 'OverBudget';
}

/**
 * Runs a command in a process group of its own, and shows its output; nothing of the group is left afterwards. Rejects
 * when it fails, and with an OverBudget when it takes longer than `seconds`.
 */
export async function runCommand(path: string, args: readonly string[], limits: CommandLimits): Promise<void> {
  const { seconds, cwd, env = process.env, output = 'inherit' } = limits;
  let ending: Promise<boolean> | undefined;
  const ended = await new Promise<number | string | null>((resolve, reject) => {
    const child = spawn(path, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
    const { pid } = child;
    child.once('error', reject);
    if (pid === undefined) return;
    groups.add(pid);
    const budget = setTimeout(() => {
      ending = endGroup(pid, GRACE);
    }, seconds * 1_000);
    child.once('exit', (code, signal) => {
      clearTimeout(budget);
      groups.delete(pid);
      if (ending === undefined) signalGroup(pid, 'SIGKILL');
      resolve(code ?? signal);
    });
  });
  await ending;
  if (ending !== undefined) throw new OverBudget(`it took longer than its budget of ${seconds} s, and was ended`);
  if (ended !== 0) throw new Error(`${path} ${args.join(' ')} ended with ${ended}`);
}

/** Sends a signal to all that runs: those of a terminal do not reach it by themselves. */
export function signalAll(signal: NodeJS.Signals): void {
  for (const group of groups) signalGroup(group, signal);
}
