import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { DirectoryLogin } from './accounts.ts';
import { hasExited, track } from './children.ts';
import { bind } from './test-directory.ts';

const MOST_OUTPUT = 65_536;

/** A process of a directory server. */
export interface DirectoryProcess {
  readonly child: ChildProcess;
  /** The end of its output. */
  readonly output: () => string;
}

export function startProcess(command: string, args: readonly string[]): DirectoryProcess {
  const child = track(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  let output = '';
  const say = (text: string): void => {
    output = (output + text).slice(-MOST_OUTPUT);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', say);
  child.on('error', (error) => say(String(error)));
  return { child, output: () => output };
}

export interface ReadyOptions {
  /** The name of the server, for errors. */
  readonly name: string;
  readonly milliseconds: number;
  /** The output of the server, for errors. */
  readonly said: () => string | Promise<string>;
}

/**
 * Resolves when the server accepts a bind. Rejects if the server ends, or does not accept a bind in
 * time.
 */
export async function acceptsBind(child: ChildProcess, login: DirectoryLogin, options: ReadyOptions): Promise<void> {
  const { name, milliseconds, said } = options;
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      (await bind(login)).destroy();
      return;
    } catch (cause) {
      if (hasExited(child)) throw new Error(`${name} did not start: ${await said()}`, { cause });
      if (Date.now() > deadline) throw new Error(`${name} answers no bind: ${await said()}`, { cause });
      await delay(10);
    }
  }
}
