import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PRESENCE_PREFIX } from '../src/domain/presence.ts';
import { start389 } from '../test/support/directory-389.ts';
import { type FaultProxy, startProxy } from '../test/support/proxy.ts';
import { SEVERAL, ServiceProcess, testSettings, withSettings, writeSettings } from '../test/support/service-process.ts';
import { startSlapd } from '../test/support/slapd.ts';
import type { TestDirectory } from '../test/support/test-directory.ts';
import { CONCURRENCY, writeScript } from './daemons.ts';
import { Administrator, uids } from './directory.ts';
import { heading, ratio, seconds, table, target } from './report.ts';
import { withFolder } from './setup.ts';
import { median } from './statistics.ts';

const ACCOUNTS = 200;
const SLEEP_MILLISECONDS = 100;
/**
 * The writes that an account needs: claim and outcome, with leases also take and release. The
 * writes of presence entries, one per second and service, are not counted.
 */
const NEEDED = { one: 2, several: 4 } as const;
/** The default times, because a directory under load answers late. */
const PATIENT = {
  directory: { requestTimeout: '30s' },
  reconnect: { deadAfter: '60s' },
  reconcile: { interval: '60s' },
};
const LEASES = { ...SEVERAL, leases: { ...SEVERAL.leases, duration: '60s' } };
type Instances = keyof typeof NEEDED;

interface Server {
  readonly name: string;
  readonly directory: TestDirectory;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

const SERVERS: ReadonlyArray<() => Promise<Server>> = [
  async () => {
    const directory = await startSlapd();
    return { name: 'slapd', directory, port: directory.port, stop: () => directory.stop() };
  },
  async () => {
    const directory = await start389();
    return { name: '389-ds', directory, port: directory.port, stop: () => directory.remove() };
  },
];

/** The number of services that work on the accounts, and their `instances`. */
interface Setting {
  readonly instances: Instances;
  readonly services: number;
}

const SETTINGS: readonly Setting[] = [
  { instances: 'one', services: 1 },
  { instances: 'several', services: 1 },
  { instances: 'several', services: 2 },
  { instances: 'several', services: 4 },
  { instances: 'several', services: 8 },
];

interface Round {
  readonly milliseconds: number;
  /** Requests of all services. */
  readonly writes: number;
  readonly reads: number;
  /** The number of scripts that each service ran. */
  readonly shares: readonly number[];
}

/**
 * Measures what leases cost, and how several services share accounts that are requested at once:
 * time, requests and scripts of each service. All connections pass the same kind of proxy, which
 * counts the requests.
 */
export async function benchSeveral(quick: boolean): Promise<void> {
  for (const start of SERVERS) {
    const server = await start();
    try {
      heading(`${ACCOUNTS} accounts at once on ${server.name}, script: sleep ${SLEEP_MILLISECONDS} ms`);
      for (const uid of uids(ACCOUNTS)) await server.directory.addAccount(uid);
      const administrator = await Administrator.connect(server.directory);
      try {
        await measure(server, administrator, quick ? 2 : 5);
      } finally {
        administrator.close();
      }
    } finally {
      await server.stop();
    }
  }
}

async function measure({ name, port }: Server, administrator: Administrator, rounds: number): Promise<void> {
  const rows: string[][] = [];
  const times = new Map<Setting, number>();
  for (const setting of SETTINGS) {
    const found = await roundsOf(setting, rounds, administrator, port);
    const [time, writes, reads] = [
      median(found.map(({ milliseconds }) => milliseconds)),
      median(found.map((round) => round.writes / ACCOUNTS)),
      median(found.map((round) => round.reads / ACCOUNTS)),
    ];
    times.set(setting, time);
    const wasted = writes - NEEDED[setting.instances];
    const [least, most] = [
      found.map(({ shares }) => Math.min(...shares)),
      found.map(({ shares }) => Math.max(...shares)),
    ];
    rows.push([
      `${setting.services} with ${setting.instances}`,
      seconds(time),
      ratio(time, times.get(SETTINGS[0] ?? setting) ?? Number.NaN),
      writes.toFixed(2),
      wasted.toFixed(2),
      reads.toFixed(2),
      `${median(least)} to ${median(most)}`,
    ]);
    const what = `${name}, ${setting.services} services with ${setting.instances}: writes beyond the needed ones`;
    target(`${what} at most 0.2 an account`, wasted, 0.2, (value) => value.toFixed(2));
  }
  table(['services', 'median', 'of one', 'writes', 'not needed', 'reads', 'share of a service'], rows);
}

/** Measures the rounds. The first one only warms the services up. */
async function roundsOf(
  { instances, services }: Setting,
  rounds: number,
  administrator: Administrator,
  port: number,
): Promise<Round[]> {
  return withFolder(async (folder) => {
    const ran = join(folder, 'runs');
    await writeFile(ran, '');
    const script = await writeScript(folder, 'script', `echo "$1 $3" >> '${ran}'\nsleep ${SLEEP_MILLISECONDS / 1000}`);
    const proxies: FaultProxy[] = [];
    const presences: Array<{ readonly count: number }> = [];
    const processes: ServiceProcess[] = [];
    const found: Round[] = [];
    const accounts = uids(ACCOUNTS);
    try {
      for (let index = 0; index < services; index += 1) {
        const proxy = await startProxy(port);
        proxies.push(proxy);
        presences.push(proxy.tally('up', 'modifyRequest', (message) => message.includes(`cn=${PRESENCE_PREFIX}`)));
        processes.push(await startService(folder, proxy.url, instances, [script, String(index)]));
      }
      for (let round = 0; round <= rounds; round += 1) {
        await writeFile(ran, '');
        const before = requests(proxies, presences);
        const milliseconds = await burst(administrator, accounts);
        const after = requests(proxies, presences);
        const shares = sharesOf(await readFile(ran, 'utf8'), accounts, services);
        if (round > 0)
          found.push({ milliseconds, shares, writes: after.writes - before.writes, reads: after.reads - before.reads });
      }
    } finally {
      await Promise.all(processes.map((service) => service.terminate()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
    return found;
  });
}

async function startService(
  folder: string,
  url: string,
  instances: Instances,
  command: readonly string[],
): Promise<ServiceProcess> {
  const alone = withSettings(testSettings(url, command), {
    concurrency: CONCURRENCY,
    ...PATIENT,
    log: { level: 'info', format: 'json' },
  });
  const settings = instances === 'one' ? alone : withSettings(alone, LEASES);
  const service = new ServiceProcess(await writeSettings(folder, settings, `${command[1]}.yaml`), []);
  service.start();
  while (!service.output.includes('"connected"')) await delay(20);
  return service;
}

/** Requests all accounts, and returns the milliseconds until all are seen `added`. */
async function burst(administrator: Administrator, accounts: readonly string[]): Promise<number> {
  const finished = administrator.whenAdded(accounts);
  const started = performance.now();
  await Promise.all([administrator.requestAll(accounts), finished]);
  return performance.now() - started;
}

function requests(
  proxies: readonly FaultProxy[],
  presences: ReadonlyArray<{ readonly count: number }>,
): { readonly writes: number; readonly reads: number } {
  const sum = (operation: 'addRequest' | 'modifyRequest' | 'searchRequest') =>
    proxies.reduce((total, proxy) => total + proxy.count('up', operation), 0);
  const presence = presences.reduce((total, { count }) => total + count, 0);
  return { writes: sum('addRequest') + sum('modifyRequest') - presence, reads: sum('searchRequest') };
}

/** Throws unless a script ran exactly once for each account. */
function sharesOf(journal: string, accounts: readonly string[], services: number): number[] {
  const runs = journal.split('\n').filter((line) => line !== '');
  const uid = new Set(runs.map((run) => run.split(' ')[1]));
  if (runs.length !== accounts.length || uid.size !== accounts.length) {
    throw new Error(`${runs.length} runs for ${uid.size} of ${accounts.length} accounts: the run does not count`);
  }
  return Array.from({ length: services }, (_, index) => runs.filter((run) => run.startsWith(`${index} `)).length);
}
