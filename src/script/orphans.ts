import { isAtOrBelow } from '../domain/dn.ts';
import { endGroup, groupExists, groupLives, waitThenKillGroup } from './process-group.ts';
import { mapProcesses, type ProcessTable, systemTable } from './process-table.ts';
import {
  listRecords,
  type ProcessIdentity,
  pidScope,
  RECORD_DESCRIPTOR,
  type RunRecord,
  readRecord,
  removeRecord,
  runFolder,
} from './run-record.ts';

/**
 * Orphans are scripts and launchers on this host whose service is dead.
 *
 * A process group is signalled only because of a record, and only in the boot and the pid namespace
 * of that record. Only the service's user can write records. The group has the number of the
 * recorded leader. It is proven to be the recorded group by
 * - the leader: the process with its pid started at the recorded time (it may be a zombie); or
 * - - if the leader is gone, a member of the group that has the record open, because all processes
 *   of a script inherit it.
 * The kernel gives the number of an existing group to no new process. So if the leader has another
 * start time, the recorded group is gone. If a launcher died after it had started a script and
 * before it had recorded the leader, the leader is the oldest process of this user that leads a
 * session and has the record open. Processes without proof are left alone: those that have left the
 * group, and those that have closed the record and whose leader is gone.
 */

/** How long a launcher needs after the grace to notice the end of its scripts and to exit. */
const LAUNCHER_EXIT_MILLISECONDS = 1000;
/** The time limit for all queries to the process table about one record. */
const PROOF_TIMEOUT_MILLISECONDS = 2000;

/** Identifies an account. */
export interface AccountRef {
  readonly uid: string;
  readonly entryUUID: string | undefined;
  /** The base of the service's accounts. Below another base the same uid is another account. */
  readonly base: string;
}

/**
 * Ends the scripts of dead services for an account on this host and waits for their end, so that
 * two scripts never work on an account at once. An account is the same if its entry has the same
 * entryUUID, or the same uid below the base. Returns the process groups that were found and
 * signalled. Scripts of live services are left alone, and so are background processes of scripts
 * that have ended. Without /proc no process is signalled.
 *
 * The launcher of a dead service ends its scripts itself. The function waits for that first, and
 * kills a launcher that takes longer than the grace plus 1 s.
 */
export async function endOrphansOf(account: AccountRef, graceMilliseconds: number): Promise<number[]> {
  return endOrphans(account.base, graceMilliseconds, (record) => isForAccount(record, account));
}

/**
 * Does the same for all accounts below a base. It runs at the start of a service, so that no script
 * of a dead service is still at work when a request for its account begins.
 */
export async function endOrphansBelow(
  base: string,
  graceMilliseconds: number,
  table?: ProcessTable,
): Promise<number[]> {
  return endOrphans(base, graceMilliseconds, ({ account }) => isAtOrBelow(account?.dn ?? '', base), table);
}

async function endOrphans(
  base: string,
  graceMilliseconds: number,
  isToEnd: (record: RunRecord) => boolean,
  table: ProcessTable = systemTable,
): Promise<number[]> {
  const limitMilliseconds = graceMilliseconds + LAUNCHER_EXIT_MILLISECONDS;
  const launchers = (await recordsOfDeadServices(table)).filter(
    (record) => isLauncher(record) && sharesBase(record, base),
  );
  await Promise.all(
    launchers.map((record) => endProvenGroup(record, table, (group) => waitThenKillGroup(group, limitMilliseconds))),
  );
  // Read the records again: a launcher may have started scripts that its service had requested
  // before it died.
  const left = await recordsOfDeadServices(table);
  const scripts = left.filter((record) => !isLauncher(record) && isToEnd(record));
  const others = left.filter((record) => !scripts.includes(record) && record.leader !== undefined);
  const [ended] = await Promise.all([
    Promise.all(scripts.map((record) => endProvenGroup(record, table, (group) => endGroup(group, graceMilliseconds)))),
    // Scripts for other accounts are not ended, but records of groups that are gone are removed.
    Promise.all(others.map((record) => endProvenGroup(record, table, async () => false))),
  ]);
  return ended.filter((group) => group !== undefined);
}

/** The uids and entryUUIDs for which scripts of dead services may still run on this host. */
export async function findOrphanedAccounts(): Promise<Set<string>> {
  const orphans = await recordsOfDeadServices(systemTable);
  return new Set(
    orphans.flatMap(({ account }) => [account?.uid, account?.entryUUID].filter((name) => name !== undefined)),
  );
}

/** Ends the process group of a run, if its record proves it, and removes the record. */
export async function endRun(file: string, graceMilliseconds: number): Promise<void> {
  const record = await readRecord(file);
  if (record !== undefined) await endProvenGroup(record, systemTable, (group) => endGroup(group, graceMilliseconds));
}

/**
 * Calls `end` with the group of a record if the group is proven. Removes the record if the group
 * was gone or `end` has resolved with true. Returns the group; undefined if it was gone or if there
 * was no answer in time.
 */
async function endProvenGroup(
  record: RunRecord,
  table: ProcessTable,
  end: (group: number) => Promise<boolean>,
): Promise<number | undefined> {
  const group = await withTimeout(PROOF_TIMEOUT_MILLISECONDS, provenGroup(record, table));
  if (group === 'unknown') return undefined;
  if (group === 'gone' || (await end(group))) await removeRecord(record.file);
  return group === 'gone' ? undefined : group;
}

async function provenGroup(record: RunRecord, table: ProcessTable): Promise<number | 'gone'> {
  const { leader } = record;
  if (leader === undefined) return (await unrecordedLeader(record, table)) ?? 'gone';
  const { pid, earliest, latest } = leader;
  const line = await table.read(pid);
  if (line !== undefined) {
    const started = Number(line.startedAt);
    return started >= earliest && started <= latest && (await groupLives(pid)) ? pid : 'gone';
  }
  if (!groupExists(pid)) return 'gone';
  return (await processesWithRecord(record, table)).some(({ group }) => group === pid) ? pid : 'gone';
}

/** The pid of a leader that was not recorded. */
async function unrecordedLeader(record: RunRecord, table: ProcessTable): Promise<number | undefined> {
  const user = process.geteuid?.();
  const leading = (await processesWithRecord(record, table)).filter(({ pid, session }) => pid === session);
  const users = await Promise.all(leading.map(({ pid }) => table.userOf(pid)));
  const own = leading.filter((_, index) => users[index] === user);
  return own.sort((one, other) => Number(one.startedAt) - Number(other.startedAt))[0]?.pid;
}

function processesWithRecord({ file }: RunRecord, table: ProcessTable) {
  return mapProcesses(table, async (pid) =>
    (await table.hasOpen(pid, RECORD_DESCRIPTOR, file)) ? table.read(pid) : undefined,
  );
}

/** The records of dead services. Records of earlier boots are removed. */
async function recordsOfDeadServices(table: ProcessTable): Promise<RunRecord[]> {
  const [records, { boot, namespace }] = await Promise.all([runFolder().then(listRecords), pidScope()]);
  await Promise.all(records.filter((record) => record.boot !== boot).map(({ file }) => removeRecord(file)));
  const current = records.filter((record) => record.boot === boot && record.namespace === namespace);
  const services = new Map(current.map(({ service }) => [identityKey(service), service]));
  const dead = new Set<string>();
  const look = async ([name, service]: [string, ProcessIdentity]) => {
    if ((await isAlive(service, table)) === false) dead.add(name);
  };
  await Promise.all([...services].map(look));
  return current.filter(({ service }) => dead.has(identityKey(service)));
}

function identityKey({ pid, startedAt }: ProcessIdentity): string {
  return `${pid} ${startedAt}`;
}

/** Whether a process is alive. undefined: the process table did not answer in time. */
async function isAlive({ pid, startedAt }: ProcessIdentity, table: ProcessTable): Promise<boolean | undefined> {
  const line = await withTimeout(
    PROOF_TIMEOUT_MILLISECONDS,
    table.read(pid).then((line) => line ?? 'gone'),
  );
  if (line === 'unknown') return undefined;
  return line !== 'gone' && line.startedAt === startedAt && line.state !== 'Z';
}

function isLauncher({ account }: RunRecord): boolean {
  return account === undefined;
}

/**
 * Whether a launcher may have accounts below this base: its base is above it, below it or equal.
 */
function sharesBase(record: RunRecord, base: string): boolean {
  return isAtOrBelow(record.base, base) || isAtOrBelow(base, record.base);
}

function isForAccount({ account }: RunRecord, { uid, entryUUID, base }: AccountRef): boolean {
  if (account === undefined) return false;
  const isSameEntry = entryUUID !== undefined && account.entryUUID === entryUUID;
  return isSameEntry || (account.uid === uid && isAtOrBelow(account.dn, base));
}

async function withTimeout<T>(milliseconds: number, answer: Promise<T>): Promise<T | 'unknown'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unknown'>((resolve) => {
    timer = setTimeout(() => resolve('unknown'), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
