import { spawn } from 'node:child_process';
import { endGroup, signalGroup } from '../../src/script/process-group.ts';

export interface CommandLimits {
  readonly seconds: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the output is shown. */
  readonly output?: 'ignore';
}

/** The time in milliseconds from SIGTERM to SIGKILL. */
const GRACE = 3_000;

/** The process groups of the running commands. */
const groups = new Set<number>();

/** A command did not end within its budget. */
export class TimeBudgetExceeded extends Error {
  override readonly name = 'OverBudget';
}

/**
 * Runs a command in its own process group and shows its output. No process of the group is left
 * afterwards. Rejects if the command fails, and with a TimeBudgetExceeded if it takes longer than
 * `seconds`.
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
  if (ending !== undefined)
    throw new TimeBudgetExceeded(`it took longer than its budget of ${seconds} s, and was ended`);
  if (ended !== 0) throw new Error(`${path} ${args.join(' ')} ended with ${ended}`);
}

/** Sends a signal to all running commands, as signals of a terminal do not reach them. */
export function signalAll(signal: NodeJS.Signals): void {
  for (const group of groups) signalGroup(group, signal);
}
