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

/*
 * What services that are no more have left running on this host.
 *
 * A process group is signalled only on the word of a record, which only the service can write, and only in the boot and the pid
 * namespace that the record is of. The group has the number of the recorded leader, and is proven to be the recorded one by
 *   - the leader, where the process with its pid was started at the recorded time, be it a zombie; or
 *   - where it is gone, a member that has the record itself open, as all processes of a script inherit it.
 * The kernel gives a number to no new process while a group has it, so a leader with another start time means that the group is
 * gone. Where a launcher died between the start of a script and writing down the leader, it is the first process of this user's
 * that leads a session and has the record open. What has no such proof is left alone: what leaves the group, and what lives on
 * without its leader and has closed the record.
 */

/** What a launcher needs beyond the grace of its scripts, to see that they are gone and to end itself. */
const LAUNCHER_EXIT_MILLISECONDS = 1000;
/** For all that is asked of the process table about one record. */
const PROOF_TIMEOUT_MILLISECONDS = 2000;

/** An account, as a service knows it. */
export interface AccountRef {
  readonly uid: string;
  readonly entryUUID: string | undefined;
  /** Below which the service's accounts are: another one may have the same uid elsewhere. */
  readonly base: string;
}

/**
 * Ends what scripts of services that are no more still do for an account on this host, and waits for their end: before an
 * interrupted account is resumed, so that no two scripts work on it at once. It is the same account where its entry has the same
 * entryUUID, or the same uid below the base. Returns the process groups that were ended. Scripts of a living service, this or
 * another, are left alone, and so is what a script that has ended left in the background. Elsewhere than on Linux it does nothing.
 *
 * A launcher whose service died ends its scripts by itself: it is waited for before, and killed where it takes longer than the grace.
 */
export async function endOrphansOf(account: AccountRef, graceMilliseconds: number): Promise<number[]> {
  return endOrphans(account.base, graceMilliseconds, (record) => isForAccount(record, account));
}

/**
 * The same for all accounts below a base: when a service starts, so that whatever is asked of an account meanwhile does not
 * meet the script of a dead service.
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
  // Read now: a launcher may have started what its service had still asked for.
  const left = await recordsOfDeadServices(table);
  const scripts = left.filter((record) => !isLauncher(record) && isToEnd(record));
  const others = left.filter((record) => !scripts.includes(record) && record.leader !== undefined);
  const [ended] = await Promise.all([
    Promise.all(scripts.map((record) => endProvenGroup(record, table, (group) => endGroup(group, graceMilliseconds)))),
    // Of what is another service's to end, only the records of what is gone are removed.
    Promise.all(others.map((record) => endProvenGroup(record, table, async () => false))),
  ]);
  return ended.filter((group) => group !== undefined);
}

/** The uids and entryUUIDs for which scripts of services that are no more may still run on this host. */
export async function findOrphanedAccounts(): Promise<Set<string>> {
  const orphans = await recordsOfDeadServices(systemTable);
  return new Set(
    orphans.flatMap(({ account }) => [account?.uid, account?.entryUUID].filter((name) => name !== undefined)),
  );
}

/** Ends what a run left, whoever ran it, and its record. */
export async function endRun(file: string, graceMilliseconds: number): Promise<void> {
  const record = await readRecord(file);
  if (record !== undefined) await endProvenGroup(record, systemTable, (group) => endGroup(group, graceMilliseconds));
}

/** Ends the group of a record that is proven to be it. Returns the group; undefined where it is gone, or not proven. */
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
  const found = await table.read(pid);
  if (found !== undefined) {
    const started = Number(found.startedAt);
    return started >= earliest && started <= latest && (await groupLives(pid)) ? pid : 'gone';
  }
  if (!groupExists(pid)) return 'gone';
  return (await processesWithRecord(record, table)).some(({ group }) => group === pid) ? pid : 'gone';
}

/** The leader of a run whose leader nobody wrote down. */
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

/** The records of services that are no more; those of an earlier boot are removed. */
async function recordsOfDeadServices(table: ProcessTable): Promise<RunRecord[]> {
  const [records, { boot, namespace }] = await Promise.all([runFolder().then(listRecords), pidScope()]);
  await Promise.all(records.filter((record) => record.boot !== boot).map(({ file }) => removeRecord(file)));
  const known = records.filter((record) => record.boot === boot && record.namespace === namespace);
  const services = new Map(known.map(({ service }) => [identityKey(service), service]));
  const dead = new Set<string>();
  const look = async ([name, service]: [string, ProcessIdentity]) => {
    if ((await isAlive(service, table)) === false) dead.add(name);
  };
  await Promise.all([...services].map(look));
  return known.filter(({ service }) => dead.has(identityKey(service)));
}

function identityKey({ pid, startedAt }: ProcessIdentity): string {
  return `${pid} ${startedAt}`;
}

/** Undefined where that cannot be said in time. */
async function isAlive({ pid, startedAt }: ProcessIdentity, table: ProcessTable): Promise<boolean | undefined> {
  const found = await withTimeout(
    PROOF_TIMEOUT_MILLISECONDS,
    table.read(pid).then((line) => line ?? 'gone'),
  );
  if (found === 'unknown') return undefined;
  return found !== 'gone' && found.startedAt === startedAt && found.state !== 'Z';
}

function isLauncher({ account }: RunRecord): boolean {
  return account === undefined;
}

/** Whether a launcher's accounts may be among those below a base. */
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
