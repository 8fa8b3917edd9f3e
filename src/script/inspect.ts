import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { followFile, isOthers, WayFault } from '../host/held-folder.ts';
import { locate } from './locate.ts';

/** A fault of a script that is found before the script runs. */
export interface Finding {
  /**
   * `startable`: the script cannot be started. `trustworthy`: users other than its owner can change
   * it.
   */
  readonly concerns: 'startable' | 'trustworthy';
  readonly message: string;
  readonly remedy: string;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Checks that this user can run the command of a script, and that only its owner (root or this
 * user) can change it, directly or by replacing a folder or a link on its path. Files named by
 * later arguments, as in `[/bin/sh, /usr/local/sbin/create.sh]`, are checked for changes, too.
 * Returns an empty list if there is no fault.
 */
export async function inspectScript(command: readonly string[], path: string): Promise<Finding[]> {
  const [program = '', ...args] = command;
  const findings: Finding[] = [];
  if (program.includes('/') && !isAbsolute(program)) {
    findings.push({
      concerns: 'startable',
      message: `${program} is a relative path: which file it names depends on where the service is started`,
      remedy: 'give script.command an absolute path',
    });
  }
  const located = locate(program, path);
  if (located.kind === 'notStarted') {
    const [message = '', ...remedy] = located.reason.split('; ');
    findings.push({ concerns: 'startable', message, remedy: remedy.join('; ') || 'correct script.command' });
  } else {
    findings.push(...(await inspectFile(located.file)));
  }
  for (const argument of args) {
    if (isAbsolute(argument) && (await statOf(argument))?.isFile()) findings.push(...(await inspectFile(argument)));
  }
  return findings;
}

async function inspectFile(named: string): Promise<Finding[]> {
  const faults = new Map<string, readonly Fault[]>();
  try {
    await followFile(resolve(named), (path, status) => faults.set(path, faultsOf(path, status)));
  } catch (error) {
    // A file that cannot be reached is reported by the check of whether it can be started.
    if (error instanceof WayFault) {
      faults.set('', [{ message: error.message, remedy: 'name the file itself, by no such link' }]);
    }
  }
  return [...faults.values()]
    .flat()
    .flatMap((fault) => (fault === undefined ? [] : [{ concerns: 'trustworthy' as const, ...fault }]));
}

function faultsOf(path: string, status: Stats): readonly Fault[] {
  const owner = ownerFault(path, status);
  if (status.isSymbolicLink()) return [owner];
  return [owner, status.isDirectory() ? folderFault(path, status) : writeFault(path, status)];
}

type Fault = Omit<Finding, 'concerns'> | undefined;

function ownerFault(path: string, status: Stats): Fault {
  if (!isOthers(status)) return undefined;
  return {
    message: `${path} belongs to uid ${status.uid}, who so decides what the service runs`,
    remedy: `chown ${status.isSymbolicLink() ? '-h ' : ''}root ${path}`,
  };
}

function writeFault(path: string, { mode }: { mode: number }): Fault {
  if ((mode & (GROUP_WRITES | OTHERS_WRITE)) === 0) return undefined;
  return { message: `${path} is writable by ${writers(mode)}`, remedy: `chmod go-w ${path}` };
}

/**
 * The fault of a folder that holds a script. In a sticky folder, such as /tmp, nobody can replace
 * another user's files. Write access for the group root is no fault.
 */
function folderFault(path: string, { mode, gid }: Stats): Fault {
  if ((mode & STICKY) !== 0) return undefined;
  return writeFault(path, { mode: gid === 0 ? mode & ~GROUP_WRITES : mode });
}

function writers(mode: number): string {
  const group = (mode & GROUP_WRITES) !== 0;
  const others = (mode & OTHERS_WRITE) !== 0;
  return group && others ? 'its group and others' : group ? 'its group' : 'others';
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
