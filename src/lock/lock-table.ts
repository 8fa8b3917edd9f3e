/**
 * The lock table of a host is a folder with one file, the lock record, for each service.
 *
 * A record is in force while its file is locked (flock(2)). The kernel releases the lock when the
 * service ends. An unlocked file was left behind and is removed by the next reader. Only the
 * process that holds the lock on the file `mutex` reads and changes the table. Therefore a
 * compatibility check is still valid when the new record is written.
 *
 * States of a record: made (under the mutex: file, lock, content) -> in force -> removed (file,
 * then lock). If the process dies, the record is left behind.
 */

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../host/host-fault.ts';
import { makeOwnFolder, ownFolder } from '../host/own-folder.ts';
import { LockFault, unusable } from './errors.ts';
import { lockFile } from './flock.ts';
import { decodeLockRecord, encodeLockRecord, type LockRecord } from './lock-record.ts';

/**
 * A record of this process. The lock ends when the file is closed, so keep a reference to `handle`.
 */
export interface OwnRecord {
  readonly record: LockRecord;
  readonly file: string;
  readonly handle: FileHandle;
}

/** A record in force. `record` is undefined if a service of another version wrote it. */
export interface RecordInForce {
  readonly file: string;
  readonly record: LockRecord | undefined;
}

const RECORD_SUFFIX = '.lock';
/** Returns the folder with the locks of all services of this user. */
export function lockFolder(): Promise<string> {
  return ownFolder('locks');
}

/** How long a process waits for the mutex. Work under the mutex takes milliseconds. */
const MUTEX_TIMEOUT_MILLISECONDS = 10_000;
const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

export class LockTable {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Runs `work` while no other process reads or changes the table. Rejects with a LockFault if the
   * mutex cannot be locked.
   */
  async withMutex<T>(work: () => Promise<T>): Promise<T> {
    const file = join(this.folder, 'mutex');
    for (;;) {
      await makeOwnFolder(this.folder);
      const handle = await this.#open(file, O_RDWR | O_CREAT);
      try {
        if (!(await lockFile(handle.fd, MUTEX_TIMEOUT_MILLISECONDS)))
          throw new LockFault(
            `${file} was held for ${MUTEX_TIMEOUT_MILLISECONDS / 1000} s`,
            'end the service that stands still while it starts (fuser names it)',
          );
        // If the file was deleted meanwhile, the next process locks another file. Lock again in
        // that case.
        if (await isAt(file, handle)) return await work();
      } finally {
        await handle.close();
      }
    }
  }

  /** The records in force, except `own`. Call it under the mutex. */
  async others(own: OwnRecord | undefined): Promise<RecordInForce[]> {
    const records: RecordInForce[] = [];
    for (const name of await readdir(this.folder)) {
      const file = join(this.folder, name);
      if (!name.endsWith(RECORD_SUFFIX) || file === own?.file) continue;
      const record = await this.#readRecord(file);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** Writes a record and puts it in force. Call it under the mutex. */
  async add(record: LockRecord): Promise<OwnRecord> {
    const file = join(this.folder, `${randomUUID()}${RECORD_SUFFIX}`);
    const handle = await this.#open(file, O_RDWR | O_CREAT | O_EXCL);
    const own = { record, file, handle };
    try {
      if (!(await lockFile(handle.fd, 0))) throw new LockFault(`${file} is locked already`, 'start the service again');
      await handle.writeFile(encodeLockRecord(record));
      return own;
    } catch (error) {
      await this.remove(own);
      throw systemCode(error) === undefined ? error : unusable(file, 'the lock', error);
    }
  }

  /** Whether other services can still see the record: its file still has its name. */
  isInForce({ file, handle }: OwnRecord): Promise<boolean> {
    return isAt(file, handle);
  }

  async remove({ file, handle }: OwnRecord): Promise<void> {
    await unlink(file).catch(() => {}); // another process may have removed it
    await handle.close();
  }

  /** The record in a file. A file that is not in force is removed, and the result is undefined. */
  async #readRecord(file: string): Promise<RecordInForce | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(file, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw unusable(file, 'the lock', error);
    }
    try {
      if (!(await lockFile(handle.fd, 0))) return { file, record: decodeLockRecord(await handle.readFile('utf8')) };
      await unlink(file);
      return undefined;
    } finally {
      await handle.close();
    }
  }

  async #open(file: string, flags: number): Promise<FileHandle> {
    return open(file, flags | O_NOFOLLOW, 0o600).catch((error: unknown) => {
      throw unusable(file, 'the lock', error);
    });
  }
}

/** Whether the path still names the open file. */
async function isAt(file: string, handle: FileHandle): Promise<boolean> {
  const there = await lstat(file, { bigint: true }).catch(() => undefined);
  const opened = await handle.stat({ bigint: true });
  return there !== undefined && there.ino === opened.ino && there.dev === opened.dev;
}
