import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import {
  makeRecord,
  type ProcessIdentity,
  RECORD_DESCRIPTOR,
  RunRecords,
  type ScriptAccount,
  writeLeader,
} from '../../src/script/run-record.ts';
import { track } from './children.ts';

/** The identity of a service that has ended. */
export const ENDED_SERVICE: ProcessIdentity = { pid: 4_194_303, startedAt: '1' };

export interface LeftRun {
  readonly base: string;
  readonly account: ScriptAccount;
  readonly command: readonly string[];
  /** Default: one that has ended. */
  readonly service?: ProcessIdentity;
  /** Whether the record names the process that leads the run. Default: true. */
  readonly led?: boolean;
}

/** Starts a script with a run record, as a service does. Its standard output is a pipe. */
export async function startLeftRun({ base, account, command, service = ENDED_SERVICE, led = true }: LeftRun): Promise<{
  readonly child: ChildProcess;
  readonly record: string;
}> {
  const records = new RunRecords(base);
  await records.prepare();
  const { file, text } = records.draft(account);
  const written = await makeRecord({ file, text: `${JSON.stringify({ ...JSON.parse(text), service })}\n` });
  const shown = await open(file, 'r');
  try {
    const between = Array.from({ length: RECORD_DESCRIPTOR - 3 }, () => 'ignore' as const);
    const [program = '', ...args] = command;
    const child = track(
      spawn(program, args, {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore', ...between, shown.fd],
        env: { PATH: '/usr/bin:/bin' },
      }),
    );
    if (led) await writeLeader(written, child.pid ?? 0);
    return { child, record: file };
  } finally {
    await Promise.all([written.close(), shown.close()]);
  }
}
