import { CONCURRENCY, CONTESTANTS, type Contestant } from './daemons.ts';
import { uids } from './directory.ts';
import { heading, ratio, seconds, table, target } from './report.ts';
import { ScriptRuns } from './script-runs.ts';
import { withContestants } from './setup.ts';
import { Samples } from './statistics.ts';

const SLEEP_MILLISECONDS = 100;

/**
 * Measures many requests at once: from sending the first one until the last account is finished.
 */
export async function benchBurst(quick: boolean): Promise<void> {
  const many = await burstOf(2000, quick ? 3 : 7, '');
  const [ours, theirs] = [many.median('service'), many.median('python daemon')];
  target('burst of 2000: at most 0.75 of the python daemon', ours, 0.75 * theirs, seconds);

  const slow = await burstOf(200, quick ? 2 : 3, `sleep ${SLEEP_MILLISECONDS / 1000}`);
  const ideal = Math.ceil(200 / CONCURRENCY) * SLEEP_MILLISECONDS;
  target(`200 sleeping scripts: within 15 % of ${seconds(ideal)}`, slow.median('service'), 1.15 * ideal, seconds);
}

async function burstOf(accounts: number, rounds: number, work: string): Promise<Samples> {
  heading(`burst of ${accounts} accounts, script: ${work || 'exits at once'}, ${rounds} rounds`);
  const times = new Samples();
  const counts = new Map<Contestant, ScriptRuns>();
  const body = (folder: string, contestant: Contestant): string => {
    const runs = new ScriptRuns(folder);
    counts.set(contestant, runs);
    return `${runs.line}\n${work}`;
  };
  await withContestants(accounts, body, async (setups) => {
    const wanted = uids(accounts);
    for (let round = 0; round < rounds; round += 1) {
      for (const { contestant, administrator } of setups) {
        await counts.get(contestant)?.reset();
        const finished = administrator.whenAdded(wanted);
        const started = performance.now();
        await Promise.all([administrator.requestAll(wanted), finished]);
        times.add(contestant, performance.now() - started);
        await counts.get(contestant)?.expectOneFor(wanted);
      }
    }
  });
  const theirs = times.median('python daemon');
  table(
    ['', 'median', 'of the python daemon', 'accounts a second'],
    CONTESTANTS.map((name) => {
      const time = times.median(name);
      return [name, seconds(time), ratio(time, theirs), ((accounts / time) * 1000).toFixed(0)];
    }),
  );
  return times;
}
