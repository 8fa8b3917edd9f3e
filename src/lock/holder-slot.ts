/**
 * The slot of a service among those of this user on this host that work on one base. It names the
 * service as the holder of leases: a service that has the slot knows that the one that had it
 * before has ended.
 *
 * A slot is a file that is locked (flock(2)) as long as its service runs, also while that is
 * stopped. Its device and inode name it, so that a copy of the file, or another view of the file
 * system, names another holder. So does the next boot of the host.
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

export interface HolderSlot {
  readonly holder: Holder;
  /** Lets another service have the slot. */
  release(): Promise<void>;
}

export type HolderHost = Pick<Holder, 'installation' | 'boot'>;

/** More services than any host runs on one base. */
const MOST_SLOTS = 100;
/** The most characters of the host's name in a holder. */
const LONGEST_NAME = 40;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Takes the first free slot for the base. Rejects with a HostFault if there can be none. */
export async function takeHolderSlot(base: string, folder?: string): Promise<HolderSlot> {
  const slots = folder ?? (await ownFolder('slots'));
  await makeOwnFolder(slots);
  const prefix = createHash('sha256').update(base).digest('hex').slice(0, 16);
  for (let number = 0; number < MOST_SLOTS; number += 1) {
    const slot = await trySlot(join(slots, `${prefix}-${number}`));
    if (slot !== undefined) return slot;
  }
  throw new LockFault(`${MOST_SLOTS} services run on this base already`, 'stop some of them');
}

/** Resolves to undefined if another service has the slot. */
async function trySlot(file: string): Promise<HolderSlot | undefined> {
  const handle = await open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
    throw unusable(file, 'the slot of the service', error);
  });
  try {
    if (await lockFile(handle.fd, 0)) {
      const { dev, ino } = await handle.stat({ bigint: true });
      return { holder: { ...(await thisHost()), slot: `${dev}:${ino}` }, release: () => handle.close() };
    }
  } catch (error) {
    await handle.close();
    throw systemCode(error) === undefined ? error : unusable(file, 'the slot of the service', error);
  }
  await handle.close();
  return undefined;
}

/** What the holders of this host have in common, until its next boot. */
export async function thisHost(): Promise<HolderHost> {
  return { installation: hostName(), boot: (await readFile(BOOT_ID, 'utf8')).trim() };
}

/** The host's name, for people. */
function hostName(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9.-]/g, '-')
      .slice(0, LONGEST_NAME) || 'host'
  );
}
