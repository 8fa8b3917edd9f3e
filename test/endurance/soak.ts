/**
 * One soak in its own process, so that the heap is its own: `node --expose-gc --import tsx soak.ts
 * WHAT JOBS`. WHAT is `few` (20 uids), `many` (a uid for each job), or `held` (accounts that are
 * not due). Prints one JSON object.
 */
import { NEVER, ReplaySubject } from 'rxjs';
import { decide } from '../../src/domain/decide.ts';
import { entryOf } from '../../src/domain/entry.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import { createLogger } from '../../src/observability/log.ts';
import { createEventLog } from '../../src/observability/log-events.ts';
import { createEventPublisher } from '../../src/observability/publish.ts';
import { startOperatorServer } from '../../src/operator/server.ts';
import { accountMemory } from '../../streams/accounts/account-memory.ts';
import { AccountsInStream } from '../../streams/accounts-in-stream.ts';
import { Gate } from '../../streams/gate.ts';
import { NO_LEASES } from '../../streams/leases/leases.ts';
import { provisioning } from '../../streams/pipeline.ts';
import { NAMES, RULES } from '../support/accounts.ts';
import { SUCCEEDED } from '../support/stage.ts';
import { dnOf, SoakDirectory, uuidOf } from './soak-directory.ts';

const TODAY = '20261123';
const [what, count] = [process.argv[2], Number(process.argv[3])];

const directory = new SoakDirectory();
const publisher = createEventPublisher({ now: () => new Date() });
const log = createLogger({
  level: 'info',
  format: 'json',
  file: '/dev/null',
  syslog: null,
  console: null,
  colour: false,
  env: {},
  now: () => new Date(),
});
publisher.listen(createEventLog(log.logger));
const accounts = new AccountsInStream(8, Date.now);
const operator = await startOperatorServer({
  listen: '127.0.0.1:0',
  events$: publisher.events$,
  accounts,
  limitMilliseconds: () => 60_000,
  version: 'soak',
  now: Date.now,
});
const retry = { temporary: { attempts: 1, initial: 1, max: 1 }, script: { attempts: 1, initial: 1, max: 1 } };
const open = accountMemory({
  instances: 'one',
  longestMilliseconds: () => 60_000,
  behindAfterMilliseconds: 60_000,
  monotonic: () => performance.now(),
  rememberedVersions: 1_000, // so that it is full before the heap is measured
});
const drain$ = new ReplaySubject<void>(1);
const drained = new Promise<void>((resolve, reject) => {
  let jobs = 0;
  provisioning(directory.changes$, {
    directory,
    underLeases: false,
    leases: NO_LEASES,
    settled$: NEVER,
    gate: new Gate(
      () => {},
      () => Date.now(),
    ),
    names: NAMES,
    objection: () => Promise.resolve(undefined),
    readEntry: (entry) => readAccount(entry, NAMES, RULES),
    readStanding: (entry) => readAccount(entry, NAMES, null),
    observePureStep: () => {},
    decideNow: (record) =>
      decide(record, {
        today: TODAY,
        othersTimeLeft: open.othersTimeLeft(record),
        behindTimeLeft: open.behindTimeLeft(record),
        names: NAMES,
      }),
    open,
    accounts,
    left: { left: () => {}, seen: () => {} },
    now: Date.now,
    runHandler: () => Promise.resolve(SUCCEEDED),
    retry: () => retry,
    newToken: () => '10000101',
    report: publisher.report,
    away: { delay: () => 1, wait: () => Promise.resolve() },
    signal: new AbortController().signal,
    draining: new AbortController().signal,
    nextJobId: () => String(++jobs),
    monotonic: () => performance.now(),
    stateNow: () => '20261123T120000Z',
    today: () => TODAY,
    drain$,
    dryRun: false,
  }).subscribe({ complete: resolve, error: reject });
});

/** Runs this number of jobs, `atOnce` of them concurrently. */
function work(jobs: number, atOnce: number, uidOf: (job: number) => string): Promise<void> {
  return new Promise((resolve) => {
    let [asked, finished] = [0, 0];
    const next = (): void => {
      asked += 1;
      directory.ask(uidOf(asked));
    };
    directory.finished = () => {
      finished += 1;
      if (finished === jobs) setImmediate(resolve);
      else if (asked < jobs) setImmediate(next);
    };
    while (asked < Math.min(atOnce, jobs)) next();
  });
}

/**
 * Adds accounts that stay: half of them are dated in the future, the others wait to become
 * inactive.
 */
function hold(accounts: number): void {
  for (let index = 0; index < accounts; index += 1) {
    const uid = String(1_000_000 + index);
    const [mode, date] = index % 2 === 0 ? ['add', '20991231'] : ['delete', '0'];
    const attributes = {
      uid,
      entryUUID: uuidOf(uid),
      sstProvisioningMode: mode,
      sstProvisioningState: '0',
      sstProvisioningDate: date,
      sstIsActive: 'TRUE',
    };
    directory.tell({ kind: 'entry', change: 'add', entry: entryOf(dnOf(uid), attributes) });
  }
}

async function heap(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function counts(): Promise<unknown> {
  const response = await fetch(`http://${operator.address}/status`);
  const { counts: all } = (await response.json()) as { counts: unknown };
  return all;
}

/**
 * After this number of jobs the bounded parts (backlog, logged messages, latest settlements) are
 * full.
 */
const WARM_UP = 8_000;
let last = 5_000_000;
await work(WARM_UP, 1_000, () => String(++last));
const before = await heap();
const started = performance.now();
let during: number | undefined;
let held: unknown;
switch (what) {
  case 'few':
    // A uid is only requested again when it is finished: two requests at once are the same request.
    await work(count, 20, (job) => String(3_000_000 + (job % 20)));
    break;
  case 'many':
    await work(count, 1_000, () => String(++last));
    break;
  case 'held':
    hold(count);
    during = await heap();
    held = await counts();
    for (let index = 0; index < count; index += 1) {
      const uid = String(1_000_000 + index);
      directory.tell({ kind: 'left', dn: dnOf(uid), entryUUID: uuidOf(uid) });
    }
    break;
  default:
    throw new RangeError(`few, many or held, not ${what}`);
}
const milliseconds = Math.round(performance.now() - started);
const after = await heap();
const left = {
  directory: directory.size,
  open: open.size,
  running: accounts.lanes.works,
  waiting: accounts.lanes.waits,
  status: await counts(),
};
drain$.next();
await drained;
await operator.close();
await log.close();
process.stdout.write(JSON.stringify({ milliseconds, before, during, after, held, left }));
