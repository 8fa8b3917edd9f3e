import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exited, track } from '../test/support/children.ts';
import { CONTESTANTS, type Contestant, commandOf, startDaemon, stopDaemon } from './daemons.ts';
import { Administrator, startDirectory, uids } from './directory.ts';
import { processorTime } from './processor-time.ts';
import { heading, milliseconds, table } from './report.ts';
import { withFolder } from './setup.ts';
import { Samples } from './statistics.ts';

const ACCOUNTS = 500;
const SINGLE_WRITES = 100;
/** The time in which strace has attached itself to every thread. */
const ATTACH_MILLISECONDS = 1000;

/** What a process has used so far. */
interface Used {
  /** How often a thread of it has slept. */
  readonly waits: number;
  /** Processor time, in milliseconds. */
  readonly time: number;
}

/**
 * Counts what an account costs in addition to time: system calls, including those that start the
 * script (`/bin/true`), wake-ups and processor time. The first two hardly depend on the load of the
 * machine.
 */
export async function benchCalls(quick: boolean): Promise<void> {
  heading(`system calls, wake-ups and processor time for an account`);
  const rounds = quick ? 2 : 5;
  const rows = await withFolder(async (folder) => {
    const slapd = await startDirectory(ACCOUNTS);
    const administrator = await Administrator.connect(slapd);
    const daemons = new Map<Contestant, Observed>();
    try {
      for (const contestant of CONTESTANTS) {
        await withRunning(contestant, await commandOf(contestant, slapd, '/bin/true', folder), async (daemon) => {
          await burst(administrator); // The first one only warms it up.
          await count(daemon, administrator, join(folder, 'calls'), rounds);
          daemons.set(contestant, daemon);
        });
      }
    } finally {
      administrator.close();
      await slapd.stop();
    }
    return [...daemons.values()].flatMap(({ rows }) => rows);
  });
  const head = ['', 'calls', 'wake-ups in a burst', 'wake-ups of a single write', 'processor time in a burst'];
  table(head, rows);
}

interface Observed {
  readonly contestant: Contestant;
  readonly pid: number;
  readonly rows: string[][];
}

async function withRunning(
  contestant: Contestant,
  command: readonly string[],
  use: (daemon: Observed) => Promise<void>,
): Promise<void> {
  const child = startDaemon(command);
  try {
    await use({ contestant, pid: child.pid ?? 0, rows: [] });
  } finally {
    await stopDaemon(child);
  }
}

/** Counts for the daemon, and for its helper process if it has one. */
async function count(
  { contestant, pid, rows }: Observed,
  administrator: Administrator,
  file: string,
  rounds: number,
): Promise<void> {
  const helpers = await childrenOf(pid);
  const processes = [
    [contestant, pid],
    ...helpers.map((helper) => [`its ${helper.name}`, helper.pid] as const),
  ] as const;
  for (const [name, process] of processes) {
    const samples = new Samples();
    const single = await usedBy(process, () => oneByOne(administrator));
    for (let round = 0; round < rounds; round += 1) {
      const many = await usedBy(process, () => burst(administrator));
      samples.add('waits', many.waits / ACCOUNTS);
      samples.add('time', many.time / ACCOUNTS);
    }
    const calls = await callsOf(process, file, () => burst(administrator));
    rows.push([
      name,
      (calls / ACCOUNTS).toFixed(1),
      samples.median('waits').toFixed(1),
      (single.waits / SINGLE_WRITES).toFixed(1),
      milliseconds(samples.median('time')),
    ]);
  }
}

async function burst(administrator: Administrator): Promise<void> {
  const wanted = uids(ACCOUNTS);
  const finished = administrator.whenAdded(wanted);
  await Promise.all([administrator.requestAll(wanted), finished]);
}

async function oneByOne(administrator: Administrator): Promise<void> {
  for (const uid of uids(SINGLE_WRITES)) {
    const finished = administrator.whenAdded([uid]);
    await Promise.all([administrator.request(uid), finished]);
    await delay(5);
  }
}

async function usedBy(pid: number, work: () => Promise<void>): Promise<Used> {
  const before = await used(pid);
  await work();
  const after = await used(pid);
  return { waits: after.waits - before.waits, time: after.time - before.time };
}

async function used(pid: number): Promise<Used> {
  let waits = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => ''); // it may have ended
    waits += Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return { waits, time: await processorTime(pid) };
}

/**
 * The number of system calls of a process, its threads and the children that it starts meanwhile.
 */
async function callsOf(pid: number, file: string, work: () => Promise<void>): Promise<number> {
  const strace = track(
    spawn('strace', ['-f', '-c', '-U', 'calls,name', '-o', file, '-p', String(pid)], { stdio: 'ignore' }),
  );
  await delay(ATTACH_MILLISECONDS);
  await work();
  strace.kill('SIGINT');
  await exited(strace);
  const counted = (await readFile(file, 'utf8')).matchAll(/^\s*(\d+)\s+(?!total)\w+$/gm);
  return [...counted].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

async function childrenOf(pid: number): Promise<Array<{ readonly name: string; readonly pid: number }>> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1')).trim();
  const pids = children === '' ? [] : children.split(' ').map(Number);
  return Promise.all(pids.map(async (child) => ({ pid: child, name: await titleOf(child) })));
}

async function titleOf(pid: number): Promise<string> {
  const [title = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return title.replace(/^.*: /, '');
}
