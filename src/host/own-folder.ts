import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { HostFault, systemCode } from './host-fault.ts';
import { shortageIn } from './shortage.ts';

/** The runtime folder of the systemd unit. Only root can create one there. */
const RUNTIME = '/run/prov-backup-rsnapshot';

/**
 * Returns the path of the folder `name` that all services of this user share. It is below the
 * unit's runtime folder for root and for the user that the unit runs as, and otherwise below the
 * user's home. It is below /tmp only for a user who owns no home.
 *
 * The environment has no influence: a service that is started by hand must find the folder of the
 * unit. In the home no other user can create the folder first. The runtime folder of a login
 * session is not used, as it is removed when the session ends.
 */
export async function ownFolder(name: string, { uid, home }: User = user(), runtime = RUNTIME): Promise<string> {
  if (uid === 0 || (await isOwn(runtime, uid))) return join(runtime, name);
  if (home !== undefined && (await isOwn(home, uid))) return join(home, '.local/state/prov-backup-rsnapshot', name);
  return join('/tmp', `prov-backup-rsnapshot-${uid}`, name);
}

/** The user that the service runs as. */
interface User {
  readonly uid: number;
  /** From the user database, as the variable HOME may say anything. */
  readonly home?: string;
}

function user(): User {
  try {
    const { uid, homedir } = userInfo();
    return { uid, home: homedir };
  } catch {
    return { uid: process.getuid?.() ?? 0 }; // a user without an entry
  }
}

async function isOwn(folder: string, uid: number): Promise<boolean> {
  const found = await look(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === uid;
}

/**
 * Creates the folder and its parent if they are missing. Rejects with a HostFault if one of them is
 * not a folder that belongs to this user and that only this user can write to: others could add,
 * remove or replace what the service relies on.
 */
export async function makeOwnFolder(folder: string): Promise<void> {
  const parent = join(folder, '..');
  await make(parent, 0o750);
  await make(folder, 0o700);
}

/**
 * Rejects with a HostFault if `makeOwnFolder` would reject because of a folder that exists already.
 * Creates nothing.
 */
export async function checkOwnFolder(folder: string): Promise<void> {
  for (const each of [join(folder, '..'), folder]) {
    const found = await look(each);
    if (found !== undefined) check(each, found);
  }
}

async function make(folder: string, mode: number): Promise<void> {
  if ((await look(folder)) === undefined) {
    await mkdir(folder, { recursive: true, mode }).catch((cause: unknown) => {
      throw cannotBeMade(cause);
    });
  }
  check(folder, await lstat(folder));
}

function look(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw cannotBeMade(cause);
  });
}

function cannotBeMade(cause: unknown): HostFault {
  const shortage = shortageIn(cause);
  if (shortage !== undefined) return shortage;
  return new HostFault(
    `a folder of the service cannot be made (${cause instanceof Error ? cause.message : cause})`,
    'let the user of the service write there (systemd: RuntimeDirectory=prov-backup-rsnapshot)',
    cause,
  );
}

function check(folder: string, found: Stats): void {
  const { uid } = user();
  const remove = 'remove it while no service runs, and start again';
  if (found.isSymbolicLink()) throw new HostFault(`${folder} is a symbolic link`, remove);
  if (!found.isDirectory()) throw new HostFault(`${folder} is not a folder`, remove);
  if (found.uid !== uid) {
    const whose = `belongs to the user ${found.uid}, and the service runs as ${uid}`;
    throw new HostFault(`${folder} ${whose}`, `run it as that user, or ${remove}`);
  }
  if ((found.mode & 0o022) !== 0) throw new HostFault(`${folder} can be written to by others`, `chmod go-w ${folder}`);
}
