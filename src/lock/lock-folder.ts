import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { LockFault, systemCode } from './errors.ts';

/** Where the runtime folder of the systemd unit is; nobody but root makes one there. */
const RUNTIME = '/run/prov-backup-rsnapshot';
const LOCKS = 'locks';

/**
 * The folder of the locks of all services of this user, whatever the environment: what is started
 * by hand must find those of the unit. That of the unit for root, and for whoever the unit runs as;
 * else one in the user's home, where nobody else can be before him. Not one of a session's, which
 * goes with it; and one in /tmp only for a user who has no home.
 */
export async function lockFolder({ uid, home }: User = user(), runtime = RUNTIME): Promise<string> {
  if (uid === 0 || (await isOwn(runtime, uid))) return join(runtime, LOCKS);
  if (home !== undefined && (await isOwn(home, uid))) return join(home, '.local/state/prov-backup-rsnapshot', LOCKS);
  return join('/tmp', `prov-backup-rsnapshot-${uid}`, LOCKS);
}

/** Who the service runs as. */
interface User {
  readonly uid: number;
  /** By the user's entry, as HOME may say anything. */
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
 * Makes the folder and the one that it is in, where they are missing. Rejects with a LockFault
 * where one of them is not a folder of this user's alone: whoever else could write there could
 * hold, remove or replace a lock.
 */
export async function makeLockFolder(folder: string): Promise<void> {
  const parent = join(folder, '..');
  await make(parent, 0o750);
  await make(folder, 0o700);
}

/**
 * Rejects with a LockFault where `makeLockFolder` will for what is there already; makes nothing.
 */
export async function checkLockFolder(folder: string): Promise<void> {
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

function cannotBeMade(cause: unknown): LockFault {
  return new LockFault(
    `the folder of the lock cannot be made (${cause instanceof Error ? cause.message : cause})`,
    'let the user of the service write there (systemd: RuntimeDirectory=prov-backup-rsnapshot)',
    cause,
  );
}

function check(folder: string, found: Stats): void {
  const { uid } = user();
  const remove = 'remove it while no service runs, and start again';
  if (found.isSymbolicLink()) throw new LockFault(`${folder}, for the lock, is a symbolic link`, remove);
  if (!found.isDirectory()) throw new LockFault(`${folder}, for the lock, is not a folder`, remove);
  if (found.uid !== uid) {
    const whose = `belongs to the user ${found.uid}, and the service runs as ${uid}`;
    throw new LockFault(`${folder}, for the lock, ${whose}`, `run it as that user, or ${remove}`);
  }
  if ((found.mode & 0o022) !== 0)
    throw new LockFault(`${folder}, for the lock, can be written to by others`, `chmod go-w ${folder}`);
}
