import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTESTANTS, commandOf, startDaemon, stopDaemon, writeScript } from './daemons.ts';
import { Administrator, startDirectory, uids } from './directory.ts';
import { heading, ratio, seconds, table, target } from './report.ts';
import { ScriptRuns } from './script-runs.ts';
import { Samples } from './statistics.ts';

const ACCOUNTS = 100_000;
const OPEN = 100;

/**
 * Measures the start of a daemon: from exec until the accounts that were open before are finished.
 */
export async function benchStart(quick: boolean): Promise<void> {
  const rounds = quick ? 3 : 9;
  heading(`start with ${OPEN} open among ${ACCOUNTS} accounts, ${rounds} rounds`);
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
  const slapd = await startDirectory(ACCOUNTS);
  const administrator = await Administrator.connect(slapd);
  const times = new Samples();
  try {
    const runs = new ScriptRuns(folder);
    const script = await writeScript(folder, 'script', runs.line);
    const wanted = uids(OPEN);
    for (let round = 0; round <= rounds; round += 1) {
      for (const contestant of CONTESTANTS) {
        const command = await commandOf(contestant, slapd, script, folder);
        await runs.reset();
        await administrator.requestAll(wanted);
        const finished = administrator.whenAdded(wanted);
        const started = performance.now();
        const daemon = startDaemon(command);
        await finished;
        // The first round only reads the programs into memory.
        if (round > 0) times.add(contestant, performance.now() - started);
        await stopDaemon(daemon);
        await runs.expectOneFor(wanted);
      }
    }
  } finally {
    administrator.close();
    await slapd.stop();
    await rm(folder, { recursive: true });
  }
  const [ours, theirs] = [times.median('service'), times.median('python daemon')];
  table(
    ['', 'median', 'of the python daemon'],
    CONTESTANTS.map((name) => [name, seconds(times.median(name)), ratio(times.median(name), theirs)]),
  );
  target(`start with ${OPEN} open: at most 1.4 of the python daemon`, ours, 1.4 * theirs, seconds);
}
