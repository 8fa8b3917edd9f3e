/**
 * The lock of a service on what it works on: the entry at its base and all below, on this host.
 * Nothing of the directory is looked at or worked on before it is held. It is learnt from the
 * directory, so that no way of writing URL and base leads past it.
 *
 *   free -> held: a connection is to be admitted, and no other service is in the way
 *   held -> held, for more: the base is another entry than before, on the next connection or while
 *           one stands, and no other service is in the way
 *   free, held -> refused: another service is in the way; this one ends
 *   free, held, refused -> released
 *
 * What was locked stays locked to the end: a script that began under it may still run.
 */
import { isDeepStrictEqual } from 'node:util';
import { DirectoryError } from '../domain/directory-error.ts';
import { HostFault } from '../host/host-fault.ts';
import type { Connection } from '../ldap/connection.ts';
import { type Asked, readBasePath } from './base-path.ts';
import { type BasePath, type Instances, isCompatible } from './compatibility.ts';
import { LockRefused } from './errors.ts';
import { LockTable, lockFolder, type OwnRecord, type RecordInForce } from './lock-table.ts';

/** A connection to the directory that asks to be used. */
export type Admitted = Asked & Pick<Connection, 'refreshing' | 'isRefreshing' | 'ended' | 'fail'>;

export interface InstanceLockOptions {
  readonly instances: Instances;
  /** As it is configured. */
  readonly base: string;
  /**
   * How often the base is looked at while a connection stands: no server ends a subscription whose
   * base is made anew.
   */
  readonly lookAgainMilliseconds: number;
  /** Told in a sentence, once, that the lock is not to be had: nothing more may be worked on. */
  readonly refused: (message: string) => void;
  /** Told in a sentence that the lock was taken for another base than before. */
  readonly notice: (message: string) => void;
}

/** Looks whether locks can be had on this host. Rejects with a HostFault. */
export async function openInstanceLock(options: InstanceLockOptions): Promise<InstanceLock> {
  const table = new LockTable(await lockFolder());
  await table.alone(async () => {});
  return new InstanceLock(table, options);
}

export class InstanceLock {
  readonly #table: LockTable;
  readonly #options: InstanceLockOptions;
  #own: OwnRecord | undefined;
  /** Refused or released. */
  #ended = false;

  constructor(table: LockTable, options: InstanceLockOptions) {
    this.#table = table;
    this.#options = options;
  }

  /**
   * Resolves when what the connection leads to is locked. Rejects with a LockRefused where it is
   * somebody else's (`refused` has been told), with a DirectoryError where that cannot be said now,
   * be it the directory's fault or a HostFault (its cause).
   */
  readonly admit = async (connection: Admitted): Promise<void> => {
    connection.refreshing(true);
    const path = await readBasePath(connection, this.#options.base);
    // What follows is a matter between services: the server may be silent meanwhile.
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
    const known = this.#own;
    const isCovered = known?.record.paths.some((each) => isDeepStrictEqual(each, path)) === true;
    if (known !== undefined && isCovered && (await this.#table.isInForce(known))) return;
    try {
      await this.#table.alone(() => this.#lock(path));
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
    const known = before?.record.paths ?? [];
    const paths = known.some((each) => isDeepStrictEqual(each, path)) ? known : [...known, path];
    const asked = { pid: process.pid, instances, base, paths };
    const others = await this.#table.others(before);
    const obstacle = others.find(({ record }) => record === undefined || !isCompatible(asked, record));
    if (obstacle !== undefined) throw new LockRefused(refusal(obstacle));
    this.#own = await this.#table.add(asked);
    if (before === undefined) return;
    await this.#table.remove(before);
    if (!known.some(({ entries }) => isDeepStrictEqual(entries[0], path.entries[0])))
      notice(`the lock was taken anew: the base "${base}" is another entry now, ${describe(path)}`);
  }

  #watch(connection: Admitted): void {
    let looking = false;
    const look = async (): Promise<void> => {
      // An answer would look like progress of the refresh.
      if (looking || connection.isRefreshing) return;
      looking = true;
      await this.#lookAgain(connection);
      looking = false;
    };
    const timer = setInterval(look, this.#options.lookAgainMilliseconds).unref();
    const stop = (): void => clearInterval(timer);
    connection.ended.addEventListener('abort', stop, { once: true });
    if (connection.ended.aborted) stop();
  }

  async #lookAgain(connection: Admitted): Promise<void> {
    try {
      const path = await readBasePath(connection, this.#options.base);
      // That it can no longer be read does not make it another one.
      if (Object.keys(path.entries[0]?.ids ?? {}).length > 0) await this.#take(path);
    } catch (error) {
      // The stream hears of the directory's faults as well, and below a base that is gone there is
      // nothing to work on.
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
