import type { DirectoryEntry } from '../domain/entry.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import type { WalkWrite } from './walk-writes.ts';

/** Prints what the walk does. */
export interface WalkPrinter {
  announce(number: number, write: WalkWrite): void;
  /**
   * `milliseconds` is the time from the write to the finished state; undefined if the service had
   * nothing to do.
   */
  result(attributes: readonly string[], milliseconds: number | undefined): void;
}

export interface WalkOptions {
  readonly uid: string;
  readonly writes: readonly WalkWrite[];
  /** The connection is bound as the administrator of the directory. */
  readonly directory: Pick<DirectoryOperations, 'add' | 'modify' | 'delete' | 'read'>;
  /**
   * Calls the listener with each event of the service. Returns a function that removes the
   * listener.
   */
  readonly listen: (listener: (event: PublishedEvent) => void) => () => void;
  readonly printer: WalkPrinter;
  readonly monotonic: () => number;
  /** Ends the walk at once. */
  readonly signal: AbortSignal;
}

/** The attributes that are printed after each write. */
const SHOWN_ATTRIBUTES = [
  'sstProvisioningMode',
  'sstProvisioningState',
  'sstProvisioningReturnValue',
  'sstIsActive',
  'sstQuota',
];

/**
 * Performs the writes of one account as any LDAP client would. After each write it waits until the
 * service has finished the account, and prints the entry. Rejects if the service fails or the
 * signal is aborted.
 */
export async function walk({ writes, directory, printer, monotonic, ...options }: WalkOptions): Promise<void> {
  for (const [index, write] of writes.entries()) {
    options.signal.throwIfAborted();
    printer.announce(index + 1, write);
    const begin = monotonic();
    const end = write.finishedMode === undefined ? undefined : finishTime(options, monotonic);
    await Promise.all([performWrite(directory, write), end]);
    const milliseconds = end === undefined ? undefined : (await end) - begin;
    const entry = await directory.read(dnOf(write));
    const mode = entry?.values('sstProvisioningMode')[0]?.toString('utf8');
    if (mode !== write.finishedMode)
      throw new Error(`the account is ${mode ?? 'gone'}, not ${write.finishedMode ?? 'gone'}`);
    printer.result(entry === undefined ? [] : shownLines(entry), milliseconds);
  }
}

/** Resolves to the time at which the service has finished the account. Rejects if it failed. */
function finishTime(
  { uid, listen, signal }: Pick<WalkOptions, 'uid' | 'listen' | 'signal'>,
  monotonic: () => number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const finish = (how: () => void): void => {
      stop();
      signal.removeEventListener('abort', aborted);
      how();
    };
    const aborted = (): void => finish(() => reject(signal.reason));
    const stop = listen((event) => {
      if (!('uid' in event) || event.uid !== uid) return;
      if (event.event === 'finished') finish(() => resolve(monotonic()));
      if (event.event === 'failed') finish(() => reject(new Error(`the service failed: ${event.reason}`)));
    });
    signal.addEventListener('abort', aborted);
  });
}

async function performWrite(directory: WalkOptions['directory'], { write: what }: WalkWrite): Promise<void> {
  switch (what.kind) {
    case 'add':
      return directory.add(
        what.entry.dn,
        Object.fromEntries(what.entry.attributes.map(({ name, values }) => [name, values])),
      );
    case 'modify':
      await directory.modify(what.dn, what.modifications);
      return;
    case 'delete':
      return directory.delete(what.dn);
  }
}

function dnOf({ write: what }: WalkWrite): string {
  return what.kind === 'add' ? what.entry.dn : what.dn;
}

function shownLines(entry: DirectoryEntry): string[] {
  return SHOWN_ATTRIBUTES.flatMap((name) => entry.values(name).map((value) => `${name}: ${value.toString('utf8')}`));
}
