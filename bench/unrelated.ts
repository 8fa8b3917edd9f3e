import { setTimeout as delay } from 'node:timers/promises';
import { accountDn, DAEMONS } from '../test/support/accounts.ts';
import { CONTESTANTS, type Contestant, commandOf, startDaemon, stopDaemon } from './daemons.ts';
import { Administrator, startDirectory, uids } from './directory.ts';
import { processorTime } from './processor-time.ts';
import { heading, milliseconds, table, target } from './report.ts';
import { withFolder } from './setup.ts';

const ACCOUNTS = 1000;
const CHANGES_A_SECOND = 1000;
const BATCHES_A_SECOND = 100;
/** The time after which all work on the accounts is done. */
const SETTLE_MILLISECONDS = 2000;
/** In milliseconds: 2 % of a second. */
const MOST_FOR_A_THOUSAND = 20;

/** Makes one change. `n` is different for each change. */
type Change = (n: number) => readonly [dn: string, values: Readonly<Record<string, string>>];

/** Changes that do not concern the service. */
const UNRELATED: Readonly<Record<string, Change>> = {
  'accounts without a request': (n) => [accountDn(String(1_000_000 + (n % ACCOUNTS))), { sstQuota: String(n) }],
  'an entry outside the base': (n) => [DAEMONS, { description: `change ${n}` }],
};

/**
 * Measures the processor time of a service while the directory changes and there is nothing to do.
 */
export async function benchUnrelated(quick: boolean): Promise<void> {
  const lasting = quick ? 3 : 10;
  heading(`${CHANGES_A_SECOND} unrelated changes a second, for ${lasting} s`);
  const builds = CONTESTANTS.filter((name) => name !== 'python daemon');
  const rows: string[][] = [];
  for (const build of builds) {
    for (const [what, time] of await timesOf(build, lasting)) {
      rows.push([build, what, milliseconds(time)]);
      if (build === 'service') target(`1,000 changes of ${what}`, time, MOST_FOR_A_THOUSAND, milliseconds);
    }
  }
  table(['', 'changes of', 'processor time for 1,000'], rows);
}

async function timesOf(build: Contestant, lasting: number): Promise<Array<readonly [what: string, time: number]>> {
  return withFolder(async (folder) => {
    const slapd = await startDirectory(ACCOUNTS);
    const administrator = await Administrator.connect(slapd);
    const child = startDaemon(await commandOf(build, slapd, '/bin/true', folder));
    try {
      // The service is warmed up when it has worked on all accounts once.
      const wanted = uids(ACCOUNTS);
      const finished = administrator.whenAdded(wanted);
      await Promise.all([administrator.requestAll(wanted), finished]);
      await delay(SETTLE_MILLISECONDS);
      const times: Array<readonly [string, number]> = [];
      for (const [what, change] of Object.entries(UNRELATED)) {
        const before = await processorTime(child.pid ?? 0);
        await makeChanges(administrator, lasting, change);
        const used = (await processorTime(child.pid ?? 0)) - before;
        times.push([what, (used * 1000) / (lasting * CHANGES_A_SECOND)]);
      }
      return times;
    } finally {
      await stopDaemon(child);
      administrator.close();
      await slapd.stop();
    }
  });
}

/** Makes the changes at an even rate, or as fast as the directory takes them. */
async function makeChanges(administrator: Administrator, lasting: number, change: Change): Promise<void> {
  const size = CHANGES_A_SECOND / BATCHES_A_SECOND;
  const started = performance.now();
  for (let batch = 0; batch < lasting * BATCHES_A_SECOND; batch += 1) {
    await delay(Math.max(0, started + (batch * 1000) / BATCHES_A_SECOND - performance.now()));
    const numbers = Array.from({ length: size }, (_, index) => batch * size + index);
    await Promise.all(numbers.map((n) => administrator.replace(...change(n))));
  }
}
