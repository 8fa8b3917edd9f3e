import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { track } from '../test/support/children.ts';

export interface Timing {
  /** From exec to exit. */
  readonly milliseconds: number;
  readonly peakBytes: number;
}

/** Runs a command under GNU time and discards its output. Rejects if it fails. */
export async function timedCommand(command: readonly string[]): Promise<Timing> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-time-'));
  try {
    const figures = join(folder, 'figures');
    const started = performance.now();
    const child = track(
      spawn('/usr/bin/time', ['-f', '%M', '-o', figures, ...command], { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
    const milliseconds = performance.now() - started;
    if (code !== 0) throw new Error(`${command[0]} ended with ${code}`);
    return { milliseconds, peakBytes: Number(await readFile(figures, 'utf8')) * 1024 };
  } finally {
    await rm(folder, { recursive: true });
  }
}
