/**
 * The holder lock of a service: one of the files on this host that services of this user on one
 * base can lock. It names the service as the holder of leases. A service that has taken a holder
 * lock knows that the service that had it before has ended.
 *
 * The file is locked (flock(2)) as long as its service lives, also while the service is stopped by
 * a signal. The holder is named by the device and the inode of the file. Therefore a copy of the
 * file, or another view of the file system, names another holder. After a reboot of the host the
 * same file also names another holder.
 *
 *   free -> taken   `takeHolderLock`
 *   taken -> free   `release`, or the end of the process
 */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Holder } from '../domain/lease.ts';
import { systemCode } from '../host/host-fault.ts';
import { makeOwnFolder, ownFolder } from '../host/own-folder.ts';
import { LockFault, unusable } from './errors.ts';
import { lockFile } from './flock.ts';

export interface HolderLock {
  readonly holder: Holder;
  /** Releases the lock, so that another service can take it. */
  release(): Promise<void>;
}

export type HolderHost = Pick<Holder, 'installation' | 'boot'>;

/** The number of holder locks on one base. No host runs more services on one base. */
const MOST_LOCKS = 100;
/** The length limit of the host's name in a holder, in characters. */
const LONGEST_NAME = 40;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Takes the first free holder lock for the base. Rejects with a HostFault if the host has none.
 */
export async function takeHolderLock(base: string, folder?: string): Promise<HolderLock> {
  // Every version on a host must use the same folder, so it keeps its first name.
  const locks = folder ?? (await ownFolder('slots'));
  await makeOwnFolder(locks);
  const prefix = createHash('sha256').update(base).digest('hex').slice(0, 16);
  for (let number = 0; number < MOST_LOCKS; number += 1) {
    const lock = await tryLock(join(locks, `${prefix}-${number}`));
    if (lock !== undefined) return lock;
  }
  throw new LockFault(`${MOST_LOCKS} services run on this base already`, 'stop some of them');
}

/** Resolves to undefined if another service has the lock. */
async function tryLock(file: string): Promise<HolderLock | undefined> {
  const handle = await open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
    throw unusable(file, 'the holder lock of the service', error);
  });
  try {
    if (await lockFile(handle.fd, 0)) {
      const { dev, ino } = await handle.stat({ bigint: true });
      return { holder: { ...(await thisHost()), lock: `${dev}:${ino}` }, release: () => handle.close() };
    }
  } catch (error) {
    await handle.close();
    throw systemCode(error) === undefined ? error : unusable(file, 'the holder lock of the service', error);
  }
  await handle.close();
  return undefined;
}

/** The parts that all holders of this host have in common, until its next boot. */
export async function thisHost(): Promise<HolderHost> {
  return { installation: hostName(), boot: (await readFile(BOOT_ID, 'utf8')).trim() };
}

/** The name of the host, for messages. */
function hostName(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9.-]/g, '-')
      .slice(0, LONGEST_NAME) || 'host'
  );
}
