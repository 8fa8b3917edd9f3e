import { setTimeout as delay } from 'node:timers/promises';
import { attributesToRead } from '../src/domain/read-account.ts';
import { accountLdif, BASE, SERVICE_DN, SERVICE_PASSWORD } from '../test/support/accounts.ts';
import { type Slapd, startSlapd } from '../test/support/slapd.ts';
import { writeScript } from './daemons.ts';
import { Administrator, uids } from './directory.ts';
import { ObservedService } from './observed-service.ts';
import { bytes, heading, megabytes, milliseconds, note, ratio, seconds, table, target } from './report.ts';
import { withFolder } from './setup.ts';
import { line, median } from './statistics.ts';
import { timedCommand } from './timed-command.ts';

const SIZES = [10_000, 30_000, 100_000];
/** The sizes are extrapolated to this number of accounts. */
const EXTRAPOLATED = 1_000_000;
const DATED = { sstProvisioningDate: '20991231' };
const REQUESTED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const NAMES = {
  mode: 'sstProvisioningMode',
  state: 'sstProvisioningState',
  date: ['sstProvisioningDate'],
  active: 'sstIsActive',
  returnValue: 'sstProvisioningReturnValue',
  executionTime: null,
};
/** The time after which the accounts of a complete list have been looked at. */
const SETTLE_MILLISECONDS = 1000;
/** How long the work is observed after that. */
const STEADY_MILLISECONDS = 5000;
/** The interval of the lists in the rounds with frequent lists. Two of these lists are observed. */
const OFTEN = '20s';
const OBSERVED_OFTEN = 45_000;

interface Start {
  readonly readyMilliseconds: number;
  readonly ldapsearchMilliseconds: number;
  /**
   * Accounts finished in the first second after the connection, and in each second of later work.
   */
  readonly firstSecond: number;
  readonly steady: number;
  readonly slowestStatus: number;
}

interface Memory {
  /** Heap and external memory after a garbage collection. */
  readonly used: number;
  readonly rss: number;
}

interface Figures {
  readonly accounts: number;
  readonly starts: readonly Start[];
  readonly often: Start;
  readonly memory: Memory;
  readonly memoryOften: Memory;
}

/**
 * Measures a service that finds many open accounts at its start, a third of them dated: how fast it
 * works on them, and how it answers meanwhile; and what an open account costs in memory.
 */
export async function benchScale(quick: boolean, given: readonly number[]): Promise<void> {
  const sizes = given.length > 0 ? given : quick ? SIZES.slice(0, 2) : SIZES;
  const all: Figures[] = [];
  for (const accounts of sizes) {
    heading(`start with ${accounts} open accounts, a third of them dated`);
    const figures = await measure(accounts, quick ? 1 : 3);
    report(figures);
    all.push(figures);
  }
  if (all.length > 1) extrapolate(all);
}

async function measure(accounts: number, rounds: number): Promise<Figures> {
  const slapd = await startSlapd({ preload: openAccounts(accounts), maxSize: 2 ** 30 + accounts * 8192 });
  const administrator = await Administrator.connect(slapd);
  try {
    await timedLdapsearch(slapd); // The first one only reads the database into memory.
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round += 1) starts.push(await oneStart(slapd, administrator));
    const often = await oneStart(slapd, administrator, OFTEN);
    const memory = await oneMemory(slapd);
    const memoryOften = await oneMemory(slapd, OFTEN);
    return { accounts, starts, often, memory, memoryOften };
  } finally {
    administrator.close();
    await slapd.stop();
  }
}

function* openAccounts(count: number): Generator<string> {
  for (const [index, uid] of uids(count).entries()) {
    yield accountLdif(uid, index % 3 === 2 ? { ...REQUESTED, ...DATED } : REQUESTED);
  }
}

/** Starts the service and observes it at work. The accounts are as before afterwards. */
function oneStart(slapd: Slapd, administrator: Administrator, interval?: string): Promise<Start> {
  return withFolder(async (folder) => {
    const ldapsearchMilliseconds = await timedLdapsearch(slapd);
    const service = await ObservedService.start(slapd, folder, { script: ['/bin/true'], interval });
    const ready = await service.listed();
    const settled = ready + SETTLE_MILLISECONDS;
    const end = Math.max(
      settled + STEADY_MILLISECONDS,
      interval === undefined ? 0 : service.startedAt + OBSERVED_OFTEN,
    );
    await delay(end - Date.now());
    await service.stop();
    const { finished, connectedAt, statusTimes, startedAt } = service;
    await administrator.requestAll(finished.map(({ uid }) => uid));
    const within = (from: number, to: number) => finished.filter(({ at }) => at >= from && at < to).length;
    return {
      ldapsearchMilliseconds,
      readyMilliseconds: ready - startedAt,
      firstSecond: within(connectedAt, connectedAt + 1000),
      steady: (within(settled, end) * 1000) / (end - settled),
      slowestStatus: Math.max(...statusTimes),
    };
  });
}

/**
 * Measures the memory while eight scripts run for long and all other accounts wait. The next
 * service resumes those eight.
 */
function oneMemory(slapd: Slapd, interval?: string): Promise<Memory> {
  return withFolder(async (folder) => {
    const sleeper = await writeScript(folder, 'sleeper', 'exec sleep 600');
    const service = await ObservedService.start(slapd, folder, { script: [sleeper], interval });
    await service.listed();
    await delay(interval === undefined ? SETTLE_MILLISECONDS : service.startedAt + OBSERVED_OFTEN - Date.now());
    const { heapUsed, external, rss } = await service.memory();
    await service.stop();
    return { used: heapUsed + external, rss };
  });
}

async function timedLdapsearch({ url }: Slapd): Promise<number> {
  const login = ['-x', '-H', url, '-D', SERVICE_DN, '-w', SERVICE_PASSWORD, '-b', BASE];
  const search = ['(&(objectClass=sstProvisioning)(sstProvisioningState=0))', ...attributesToRead(NAMES)];
  return (await timedCommand(['ldapsearch', ...login, ...search])).milliseconds;
}

function report({ accounts, starts, often, memory, memoryOften }: Figures): void {
  const all = [...starts, often];
  table(
    ['', 'ready', 'ldapsearch', 'ratio', 'first second', 'later, a second', 'slowest /status'],
    all.map((start, round) => [
      start === often ? `lists every ${OFTEN}` : `round ${round + 1}`,
      seconds(start.readyMilliseconds),
      seconds(start.ldapsearchMilliseconds),
      ratio(start.readyMilliseconds, start.ldapsearchMilliseconds),
      String(start.firstSecond),
      start.steady.toFixed(0),
      milliseconds(start.slowestStatus),
    ]),
  );
  table(
    ['memory', 'heap and external', 'RSS'],
    [
      ['all waiting', megabytes(memory.used), megabytes(memory.rss)],
      [`lists every ${OFTEN}`, megabytes(memoryOften.used), megabytes(memoryOften.rss)],
    ],
  );
  const { length } = all;
  target(
    `/status with ${accounts} open`,
    Math.max(...all.map(({ slowestStatus }) => slowestStatus)),
    500,
    milliseconds,
  );
  note(
    `medians of ${length}: ready ${ratio(median(all.map(readyRatio)), 1)} of ldapsearch, first second ${ratio(median(all.map(rateRatio)), 1)} of later ones`,
  );
}

const readyRatio = (start: Start) => start.readyMilliseconds / start.ldapsearchMilliseconds;
const rateRatio = (start: Start) => start.firstSecond / start.steady;

/**
 * Fits a line through the sizes, and judges by it. Its constant part is that of an empty service.
 */
function extrapolate(all: readonly Figures[]): void {
  heading(`extrapolated to ${EXTRAPOLATED} open accounts, from ${all.map(({ accounts }) => accounts).join(', ')}`);
  const through = (value: (figures: Figures) => number) =>
    line(all.map((figures) => [figures.accounts, value(figures)]));
  const starts = (value: (start: Start) => number) => through((figures) => median(figures.starts.map(value)));
  const ready = starts(({ readyMilliseconds }) => readyMilliseconds);
  const ldapsearch = starts(({ ldapsearchMilliseconds }) => ldapsearchMilliseconds);
  const status = through(({ starts, often }) =>
    Math.max(...[...starts, often].map(({ slowestStatus }) => slowestStatus)),
  );
  const used = through(({ memory }) => memory.used);
  const usedOften = through(({ memoryOften }) => memoryOften.used);
  const rss = through(({ memory }) => memory.rss);
  target('ready: 3 times ldapsearch', ready.at(EXTRAPOLATED), 3 * ldapsearch.at(EXTRAPOLATED), seconds);
  target('/status', status.at(EXTRAPOLATED), 500, milliseconds);
  target('memory of an open account', used.slope, 1200, bytes);
  target(`memory of an open account, lists every ${OFTEN}`, usedOften.slope, 1200, bytes);
  note(`RSS: ${bytes(rss.slope)} an open account, ${megabytes(rss.at(EXTRAPOLATED))}`);
}
