import { join } from 'node:path';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from '../test/support/accounts.ts';
import { startDirectory } from './directory.ts';
import { heading, megabytes, ratio, seconds, table, target } from './report.ts';
import { Samples } from './statistics.ts';
import { timedCommand } from './timed-command.ts';

interface Contestant {
  readonly name: string;
  readonly command: (url: string, accounts: number) => readonly string[];
}

const FILTER = '(objectClass=sstProvisioning)';
const SUBSCRIPTION = join(import.meta.dirname, '../dist/bench/refresh.js');
const PYTHON_CONSUMER = join(import.meta.dirname, 'contestants/refresh.py');
const args = (url: string, accounts: number) => [url, SERVICE_DN, SERVICE_PASSWORD, BASE, FILTER, String(accounts)];

const NODE: Contestant = { name: 'node -e 0', command: () => [process.execPath, '-e', '0'] };
const C: Contestant = {
  name: 'ldapsearch',
  command: (url) => [
    'ldapsearch',
    '-x',
    '-H',
    url,
    '-D',
    SERVICE_DN,
    '-w',
    SERVICE_PASSWORD,
    '-b',
    BASE,
    '-E',
    '!sync=ro',
    FILTER,
    '*',
  ],
};
const OURS: Contestant = {
  name: 'subscription',
  command: (url, accounts) => [process.execPath, SUBSCRIPTION, ...args(url, accounts)],
};
const PYTHON: Contestant = {
  name: 'python-ldap',
  command: (url, accounts) => ['/usr/bin/python3', PYTHON_CONSUMER, ...args(url, accounts)],
};

/**
 * Measures a refresh of all accounts with all attributes, from exec to exit. Each account is
 * decoded and read.
 */
export async function benchRefresh(quick: boolean): Promise<void> {
  await refreshOf(10_000, quick ? 3 : 5);
  await refreshOf(100_000, quick ? 3 : 5);
  if (!quick) await refreshOf(1_000_000, 3);
}

async function refreshOf(accounts: number, rounds: number): Promise<void> {
  heading(`refresh of ${accounts} accounts, ${rounds} rounds`);
  const slapd = await startDirectory(accounts);
  const times = new Samples();
  const peaks = new Samples();
  try {
    await timedCommand(C.command(slapd.url, accounts)); // reads the database into memory
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, command } of [NODE, C, OURS, PYTHON]) {
        // Each round takes a minute, so one round has to be enough.
        if (name === PYTHON.name && accounts > 100_000 && round > 0) continue;
        const { milliseconds, peakBytes } = await timedCommand(command(slapd.url, accounts));
        times.add(name, milliseconds);
        peaks.add(name, peakBytes);
      }
    }
  } finally {
    await slapd.stop();
  }
  const reference = times.median(C.name);
  table(
    ['', 'median', 'of ldapsearch', 'peak memory'],
    [NODE, C, OURS, PYTHON].map(({ name }) => {
      const time = times.median(name);
      return [name, seconds(time), ratio(time, reference), megabytes(peaks.median(name))];
    }),
  );
  // With fewer accounts most of the time is the start of the programs.
  if (accounts >= 100_000) {
    const limit = 1.5 * reference + times.median(NODE.name);
    const what = `refresh of ${accounts}: 1.5 times ldapsearch and the start of Node.js`;
    target(what, times.median(OURS.name), limit, seconds);
  }
  target(`refresh of ${accounts}: peak memory`, Math.max(...peaks.of(OURS.name)), 100e6, megabytes);
}
