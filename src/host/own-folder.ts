import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { HostFault, systemCode } from './host-fault.ts';
import { shortageIn } from './shortage.ts';

/** The runtime folder of the systemd unit. Only root can create one there. */
const RUNTIME = '/run/prov-backup-rsnapshot';

/**
 * Returns the path of the folder `name` that all services of this user share. For root and for the
 * user of the unit it is below the unit's runtime folder. For any other user it is below the user's
 * home, or below /tmp if the user owns no home.
 *
 * The environment has no influence: a service that is started by hand must use the same folder as
 * the unit. In the home, no other user can create the folder first. The runtime folder of a login
 * session is not used, because it is removed when the session ends.
 */
export async function ownFolder(name: string, { uid, home }: User = user(), runtime = RUNTIME): Promise<string> {
  if (uid === 0 || (await isOwn(runtime, uid))) return join(runtime, name);
  if (home !== undefined && (await isOwn(home, uid))) return join(home, '.local/state/prov-backup-rsnapshot', name);
  return join('/tmp', `prov-backup-rsnapshot-${uid}`, name);
}

/** The user that the service runs as. */
interface User {
  readonly uid: number;
  /**
   * The home according to the user database. The variable HOME is not used, because it may hold
   * anything.
   */
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
  const status = await look(folder).catch(() => undefined);
  return status?.isDirectory() === true && status.uid === uid;
}

/**
 * Creates the folder and its parent if they are missing. Rejects with a HostFault unless both are
 * folders that belong to this user and that only this user can write to. Otherwise other users
 * could add, remove or replace files that the service relies on.
 */
export async function makeOwnFolder(folder: string): Promise<void> {
  const parent = join(folder, '..');
  await make(parent, 0o750);
  await make(folder, 0o700);
}

/**
 * Rejects with a HostFault if `makeOwnFolder` would reject because of an existing folder. Creates
 * nothing.
 */
export async function checkOwnFolder(folder: string): Promise<void> {
  for (const each of [join(folder, '..'), folder]) {
    const status = await look(each);
    if (status !== undefined) check(each, status);
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
    `a folder of the service cannot be created (${cause instanceof Error ? cause.message : cause})`,
    'give the user of the service the right to write there (systemd: RuntimeDirectory=prov-backup-rsnapshot)',
    cause,
  );
}

function check(folder: string, status: Stats): void {
  const { uid } = user();
  const remove = 'remove it while no service runs, and start again';
  if (status.isSymbolicLink()) throw new HostFault(`${folder} is a symbolic link`, remove);
  if (!status.isDirectory()) throw new HostFault(`${folder} is not a folder`, remove);
  if (status.uid !== uid) {
    const whose = `belongs to the user ${status.uid}, and the service runs as ${uid}`;
    throw new HostFault(`${folder} ${whose}`, `run it as that user, or ${remove}`);
  }
  if ((status.mode & 0o022) !== 0) throw new HostFault(`${folder} can be written to by others`, `chmod go-w ${folder}`);
}
