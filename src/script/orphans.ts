import { readFileSync, readlinkSync } from 'node:fs';
import { endGroup, listProcesses, type ProcessLine, readProcess } from './process-group.ts';

/** The variable that tells in a script's environment which service runs it. */
export const OWNER_VARIABLE = 'PROV_SERVICE';

let mark: string | undefined;

/** This process, named for good: its pid and when it started, in clock ticks since boot. */
export function ownerMark(): string {
  mark ??= `${process.pid}.${readProcess(process.pid)?.startedAt ?? ''}`;
  return mark;
}

/**
 * Ends what scripts of services that are no more still do for an account on this host, and waits for their end: before an
 * interrupted account is resumed, so that no two scripts work on it at once. Returns the process groups that were ended.
 * Scripts of a living service, this or another, are left alone. Elsewhere than on Linux it does nothing.
 */
export async function endOrphans(
  ref: { readonly uid: string; readonly dn: string },
  graceMilliseconds: number,
): Promise<number[]> {
  return endOrphanGroups(processesWith([`PROV_UID=${ref.uid}`, `PROV_DN=${ref.dn}`]), graceMilliseconds);
}

/**
 * The same for all accounts below a base: when a service starts, so that whatever is asked of an account meanwhile does not
 * meet the script of a dead service.
 */
export async function endOrphansBelow(base: string, graceMilliseconds: number): Promise<number[]> {
  const isBelow = (line: string) => line.startsWith('PROV_DN=') && line.toLowerCase().endsWith(base.toLowerCase());
  return endOrphanGroups(
    processesWith([]).filter(({ environment }) => environment.some(isBelow)),
    graceMilliseconds,
  );
}

async function endOrphanGroups(found: readonly Found[], graceMilliseconds: number): Promise<number[]> {
  const orphans = found.filter(({ environment }) => isOrphaned(environment));
  const groups = [...new Set(orphans.map(({ process: { group } }) => group))];
  await Promise.all(groups.map((group) => endGroup(group, graceMilliseconds)));
  return groups;
}

/** The uids for which scripts of services that are no more still run on this host. */
export function findOrphanedUids(): Set<string> {
  const orphans = processesWith([]).filter(({ environment }) => isOrphaned(environment));
  return new Set(orphans.flatMap(({ environment }) => lineOf('PROV_UID', environment) ?? []));
}

/** Ends the process groups whose environment is the given one, whoever runs them. Returns them. */
export async function endGroupsWith(
  environment: Readonly<Record<string, string>>,
  graceMilliseconds: number,
): Promise<number[]> {
  const wanted = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const groups = [...new Set(processesWith(wanted).map((found) => found.process.group))];
  await Promise.all(groups.map((group) => endGroup(group, graceMilliseconds)));
  return groups;
}

interface Found {
  readonly process: ProcessLine;
  readonly environment: readonly string[];
}

/** The processes of other groups, in this pid namespace, whose environment has all of these lines. */
function processesWith(wanted: readonly string[]): Found[] {
  const own = readProcess(process.pid);
  const namespace = namespaceOf(process.pid);
  if (own === undefined) return [];
  return listProcesses().flatMap((candidate) => {
    if (candidate.group === own.group || candidate.group <= 1 || candidate.state === 'Z') return [];
    const environment = environmentOf(candidate.pid);
    if (!wanted.every((line) => environment.includes(line))) return [];
    return namespaceOf(candidate.pid) === namespace ? [{ process: candidate, environment }] : [];
  });
}

/** Whether the environment names a service that is no more. */
function isOrphaned(environment: readonly string[]): boolean {
  const [, pid, startedAt] = /^(\d+)\.(\d+)$/.exec(lineOf(OWNER_VARIABLE, environment) ?? '') ?? [];
  if (pid === undefined) return false;
  const owner = readProcess(Number(pid));
  return owner === undefined || owner.startedAt !== startedAt || owner.state === 'Z';
}

function lineOf(name: string, environment: readonly string[]): string | undefined {
  return environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
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
