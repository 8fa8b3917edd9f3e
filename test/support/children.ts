import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const living = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/**
 * Kills the child when this process ends, for whatever reason, so that no test leaves a server
 * behind.
 */
export function track<T extends ChildProcess>(child: T): T {
  living.add(child);
  child.once('exit', () => living.delete(child));
  child.once('error', () => living.delete(child));
  return child;
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/**
 * Resolves when the child has ended and all its output has been read. The child may have ended
 * before.
 */
export async function exited(child: ChildProcess): Promise<void> {
  const isRead = child.stdio.every((stream) => stream === null || stream === undefined || stream.closed);
  if (!hasExited(child) || !isRead) await once(child, 'close');
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /**
   * The standard input of the command. Several parts are written one by one as the command reads
   * them.
   */
  readonly input?: string | Iterable<string>;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Runs a command to its end and resolves to its output and exit code. Rejects if it cannot be
 * started.
 */
export async function attempt(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = track(spawn(command, args, { env: options.env ?? process.env, cwd: options.cwd }));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}); // a command may end without reading; its exit code tells
  const ended = once(child, 'close');
  const { input = '' } = options;
  for (const part of typeof input === 'string' ? [input] : input) {
    if (part === '' || child.stdin.write(part)) continue;
    let resume = () => {};
    await new Promise<void>((resolve) => {
      resume = resolve;
      child.stdin.once('drain', resume).once('close', resume);
      child.once('exit', resume);
      if (child.stdin.destroyed) resume();
    });
    child.stdin.off('drain', resume).off('close', resume);
    child.off('exit', resume);
  }
  child.stdin.end();
  const [code] = await ended;
  return { code, stdout, stderr };
}

/** Like `attempt`, but rejects with the command's output if its exit code is not 0. */
export async function execute(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await attempt(command, args, options);
  if (result.code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.code}: ${result.stderr || result.stdout}`);
  }
  return result;
}
