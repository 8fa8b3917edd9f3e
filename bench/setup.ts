import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Slapd } from '../test/support/slapd.ts';
import { CONTESTANTS, type Contestant, commandOf, startDaemon, stopDaemon, writeScript } from './daemons.ts';
import { Administrator, startDirectory, uids } from './directory.ts';

/** A contestant with a directory of its own. */
export interface ContestantSetup {
  readonly contestant: Contestant;
  readonly administrator: Administrator;
}

/**
 * Returns the shell code of the script that the contestant runs. Each contestant has its own
 * folder.
 */
export type ScriptBody = (folder: string, contestant: Contestant) => string;

/**
 * Starts a directory with this number of finished accounts for each contestant, and calls `measure`
 * to measure them in turn. Each contestant has worked on every account once before, so that
 * one-time costs are not measured.
 */
export async function withContestants(
  accounts: number,
  body: ScriptBody,
  measure: (setups: readonly ContestantSetup[]) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const ends: Array<() => Promise<void>> = [() => rm(folder, { recursive: true })];
  try {
    const setups: ContestantSetup[] = [];
    for (const contestant of CONTESTANTS) {
      const own = await mkdtemp(join(folder, 'contestant-'));
      const slapd: Slapd = await startDirectory(accounts);
      ends.unshift(() => slapd.stop());
      const administrator = await Administrator.connect(slapd);
      ends.unshift(async () => administrator.close());
      const script = await writeScript(own, 'script', body(own, contestant));
      const daemon: ChildProcess = startDaemon(await commandOf(contestant, slapd, script, own));
      ends.unshift(() => stopDaemon(daemon));
      const finished = administrator.whenAdded(uids(accounts));
      await administrator.requestAll(uids(accounts));
      await finished;
      setups.push({ contestant, administrator });
    }
    await measure(setups);
  } finally {
    for (const end of ends) await end();
  }
}

/** Calls `use` with a new folder, which is removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
