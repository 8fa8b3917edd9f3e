/**
 * The lock of a service on this host. It covers the entry at the base and everything below. The
 * service reads nothing from the directory and works on no account before it holds the lock. The
 * identity of the entry comes from the directory, so that no spelling of URL and base avoids the
 * lock.
 *
 * States:
 * - free -> held: a connection is to be admitted, and no other service conflicts.
 * - - held -> held, for one more entry: the base has become a new entry, and no other service
 *   conflicts. That is noticed at the next connection, or on the open one.
 * - free, held -> refused: another service conflicts, and this one ends.
 * - free, held, refused -> released.
 *
 * Locked entries stay locked to the end, because a script that began under the lock may still run.
 */
import { isDeepStrictEqual } from 'node:util';
import { DirectoryError } from '../domain/directory-error.ts';
import { HostFault } from '../host/host-fault.ts';
import type { Connection } from '../ldap/connection.ts';
import { type BasePathConnection, readBasePath } from './base-path.ts';
import { type BasePath, type Instances, isCompatible } from './compatibility.ts';
import { LockRefused } from './errors.ts';
import { LockTable, lockFolder, type OwnRecord, type RecordInForce } from './lock-table.ts';

/** A connection to the directory that has to be admitted before it is used. */
export type ConnectionToAdmit = BasePathConnection & Pick<Connection, 'refreshing' | 'isRefreshing' | 'ended' | 'fail'>;

export interface InstanceLockOptions {
  readonly instances: Instances;
  /** The DN in the configuration. */
  readonly base: string;
  /**
   * The interval in milliseconds at which the base is read again on an open connection. No server
   * ends a subscription because its base was deleted and created again.
   */
  readonly recheckMilliseconds: number;
  /** Called once with a sentence if the lock is refused. No account may be worked on any more. */
  readonly refused: (message: string) => void;
  /** Called with a sentence when the lock is taken for a new base entry. */
  readonly notice: (message: string) => void;
}

/** Opens the lock without taking it. Rejects with a HostFault if locks do not work on this host. */
export async function openInstanceLock(options: InstanceLockOptions): Promise<InstanceLock> {
  const table = new LockTable(await lockFolder());
  await table.withMutex(async () => {});
  return new InstanceLock(table, options);
}

export class InstanceLock {
  readonly #table: LockTable;
  readonly #options: InstanceLockOptions;
  #own: OwnRecord | undefined;
  /** True after a refusal or the release. */
  #ended = false;

  constructor(table: LockTable, options: InstanceLockOptions) {
    this.#table = table;
    this.#options = options;
  }

  /**
   * Resolves when the entry that the connection leads to is locked. Rejects with a LockRefused if
   * another service holds the lock (after `refused` was called). Rejects with a DirectoryError if
   * the directory or the host (cause: a HostFault) prevents a decision for now.
   */
  readonly admit = async (connection: ConnectionToAdmit): Promise<void> => {
    connection.refreshing(true);
    const path = await readBasePath(connection, this.#options.base);
    // The rest needs no response of the server, so a silent server is no fault meanwhile.
    connection.refreshing(false);
    await this.#take(path);
    this.#watch(connection);
  };

  async release(): Promise<void> {
    this.#ended = true;
    const own = this.#own;
    this.#own = undefined;
    if (own !== undefined) await this.#table.remove(own);
  }

  async #take(path: BasePath): Promise<void> {
    const own = this.#own;
    const isCovered = own?.record.paths.some((each) => isDeepStrictEqual(each, path)) === true;
    if (own !== undefined && isCovered && (await this.#table.isInForce(own))) return;
    try {
      await this.#table.withMutex(() => this.#lock(path));
    } catch (error) {
      if (error instanceof LockRefused && !this.#ended) {
        this.#ended = true;
        this.#options.refused(error.message);
      }
      if (!(error instanceof HostFault)) throw error;
      throw new DirectoryError(error.message, { remedy: error.remedy, cause: error });
    }
  }

  async #lock(path: BasePath): Promise<void> {
    if (this.#ended) throw new LockRefused('the service ends');
    const { instances, base, notice } = this.#options;
    const before = this.#own;
    const lockedPaths = before?.record.paths ?? [];
    const paths = lockedPaths.some((each) => isDeepStrictEqual(each, path)) ? lockedPaths : [...lockedPaths, path];
    const ownRecord = { pid: process.pid, instances, base, paths };
    const others = await this.#table.others(before);
    const obstacle = others.find(({ record }) => record === undefined || !isCompatible(ownRecord, record));
    if (obstacle !== undefined) throw new LockRefused(refusal(obstacle));
    this.#own = await this.#table.add(ownRecord);
    if (before === undefined) return;
    await this.#table.remove(before);
    if (!lockedPaths.some(({ entries }) => isDeepStrictEqual(entries[0], path.entries[0])))
      notice(`the lock was taken again: the base "${base}" is another entry now, ${describe(path)}`);
  }

  #watch(connection: ConnectionToAdmit): void {
    let rechecking = false;
    const recheck = async (): Promise<void> => {
      // A response would look like progress of the refresh.
      if (rechecking || connection.isRefreshing) return;
      rechecking = true;
      await this.#recheck(connection);
      rechecking = false;
    };
    const timer = setInterval(() => void recheck(), this.#options.recheckMilliseconds).unref();
    const stop = (): void => clearInterval(timer);
    connection.ended.addEventListener('abort', stop, { once: true });
    if (connection.ended.aborted) stop();
  }

  async #recheck(connection: ConnectionToAdmit): Promise<void> {
    try {
      const path = await readBasePath(connection, this.#options.base);
      // A base that can no longer be read is still the same entry.
      if (Object.keys(path.entries[0]?.ids ?? {}).length > 0) await this.#take(path);
    } catch (error) {
      // The stream notices the directory's faults itself, and below a missing base there is no
      // work.
      if (error instanceof DirectoryError && error.cause instanceof HostFault) connection.fail(error);
      else if (!(error instanceof LockRefused || error instanceof DirectoryError)) throw error;
    }
  }
}

function refusal({ file, record }: RecordInForce): string {
  if (record === undefined)
    return `a service of another version runs on this host already and holds ${file}; stop it first`;
  const { pid, base, instances } = record;
  const who = `process ${pid}, if it still says so, with base "${base}" and instances: ${instances}`;
  const remedy = 'stop it first, or set instances: several in both where more than one is wanted';
  return `a service for the same accounts runs on this host already: ${who}; ${remedy} (its lock is ${file})`;
}

function describe({ server, entries: [base] }: BasePath): string {
  const [name, value] = Object.entries(base?.ids ?? {})[0] ?? ['DN', base?.dn ?? ''];
  return `${name} ${value} on ${server}`;
}
