import { readFileSync, readlinkSync } from 'node:fs';
import { isAtOrBelow } from '../domain/dn.ts';
import { BASE_VARIABLE, isOrphaned, valueIn } from './owner.ts';
import { endGroup, listProcesses, outlastGroup, type ProcessLine, readProcess } from './process-group.ts';
import { readRecord } from './run-record.ts';

/** What a launcher needs beyond the grace of its scripts, to see that they are gone and to end itself. */
const LAUNCHER_SLACK_MILLISECONDS = 1000;

/** An account as its scripts are told it. */
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
  return endOrphans(account.base, graceMilliseconds, (environment) => worksFor(environment, account));
}

/**
 * The same for all accounts below a base: when a service starts, so that whatever is asked of an account meanwhile does not
 * meet the script of a dead service.
 */
export async function endOrphansBelow(base: string, graceMilliseconds: number): Promise<number[]> {
  return endOrphans(base, graceMilliseconds, (environment) => worksBelow(environment, base));
}

async function endOrphans(
  base: string,
  graceMilliseconds: number,
  isWanted: (environment: Environment) => boolean,
): Promise<number[]> {
  const look = () => {
    const found = search(isOrphaned);
    const of = (kind: Found['kind'], wanted: typeof isWanted) =>
      groupsOf(found.filter((each) => each.kind === kind && wanted(each.environment)));
    return {
      launchers: of('launcher', (environment) => servesBeside(environment, base)),
      scripts: of('script', isWanted),
    };
  };
  const { launchers, scripts } = look();
  await Promise.all(launchers.map((group) => outlastGroup(group, graceMilliseconds + LAUNCHER_SLACK_MILLISECONDS)));
  // It may have started what its service had still asked for.
  const left = launchers.length === 0 ? scripts : look().scripts;
  await Promise.all(left.map((group) => endGroup(group, graceMilliseconds)));
  return [...new Set([...scripts, ...left])];
}

/** The uids and entryUUIDs for which scripts of services that are no more still run on this host. */
export function findOrphanedAccounts(): Set<string> {
  const names = ['PROV_UID', 'PROV_ENTRY_UUID'];
  const orphans = search(isOrphaned);
  return new Set(orphans.flatMap(({ environment }) => names.flatMap((name) => valueIn(environment, name) ?? [])));
}

/** Ends the process groups of scripts with the given environment, whoever runs them. Returns them. */
export async function endGroupsWith(
  environment: Readonly<Record<string, string>>,
  graceMilliseconds: number,
): Promise<number[]> {
  const wanted = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const groups = groupsOf(search((found) => wanted.every((line) => found.includes(line))));
  await Promise.all(groups.map((group) => endGroup(group, graceMilliseconds)));
  return groups;
}

/** Lines of NAME=VALUE. */
type Environment = readonly string[];

function worksFor(environment: Environment, { uid, entryUUID, base }: AccountRef): boolean {
  const isSameEntry = entryUUID !== undefined && valueIn(environment, 'PROV_ENTRY_UUID') === entryUUID;
  return isSameEntry || (valueIn(environment, 'PROV_UID') === uid && worksBelow(environment, base));
}

function worksBelow(environment: Environment, base: string): boolean {
  const dn = valueIn(environment, 'PROV_DN');
  return dn !== undefined && isAtOrBelow(dn, base);
}

/** Whether a launcher's accounts may be among those below a base. */
function servesBeside(environment: Environment, base: string): boolean {
  const served = valueIn(environment, BASE_VARIABLE);
  return served !== undefined && (isAtOrBelow(served, base) || isAtOrBelow(base, served));
}

/** A process that works for a service: its launcher, or part of a script that has not ended. */
interface Found {
  readonly kind: 'launcher' | 'script';
  readonly group: number;
  readonly environment: Environment;
}

function groupsOf(found: readonly Found[]): number[] {
  return [...new Set(found.map(({ group }) => group))];
}

/** What works for services in other groups of this pid namespace, in such an environment. */
function search(isWanted: (environment: Environment) => boolean): Found[] {
  const own = readProcess(process.pid);
  const namespace = namespaceOf(process.pid);
  if (own === undefined) return [];
  return listProcesses().flatMap((candidate) => {
    if (candidate.group === own.group || candidate.group <= 1 || candidate.state === 'Z') return [];
    const found = identify(candidate, isWanted);
    return found !== undefined && namespaceOf(candidate.pid) === namespace ? [found] : [];
  });
}

function identify({ pid, group }: ProcessLine, isWanted: (environment: Environment) => boolean): Found | undefined {
  const environment = environmentOf(pid);
  if (valueIn(environment, BASE_VARIABLE) !== undefined) {
    return isWanted(environment) ? { kind: 'launcher', group, environment } : undefined;
  }
  const record = readRecord(pid);
  if (record !== undefined) {
    // A daemon that left the script's group has the record, too.
    const isAtWork = !record.ended && (record.group === undefined || record.group === group);
    return isAtWork && isWanted(record.environment)
      ? { kind: 'script', group, environment: record.environment }
      : undefined;
  }
  // It closed its descriptors, as daemons do: part of a script where the one that leads its group is there.
  return isWanted(environment) && leaderLives(group) ? { kind: 'script', group, environment } : undefined;
}

function leaderLives(group: number): boolean {
  const leader = readProcess(group);
  return leader !== undefined && leader.state !== 'Z';
}

/** The environment that a process was started with (proc(5)); empty where it may not be read. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}
