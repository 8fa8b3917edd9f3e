import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { AccountRecord, ReadEntry } from '../../src/domain/account.ts';
import type { DirectoryChange } from '../../src/domain/change.ts';
import type { HoldReason } from '../../src/domain/condition.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Report, StreamEvent, WhyLeft } from '../../src/domain/event.ts';
import type { LeftAccounts } from '../accounts/left-accounts.ts';
import type { Left } from '../accounts/open-account.ts';
import type { OpenAccounts } from '../accounts/open-accounts.ts';
import type { Source } from '../accounts/sight.ts';
import type { Candidate } from '../candidate.ts';
import { foreignClaimEvent } from '../turn/turn-events.ts';

/** An account that has come into sight or left it. */
export type AccountChange =
  /** `quiet`: nothing about the account has changed, so there is nothing to report. */
  | { readonly kind: 'seen'; readonly candidate: Candidate; readonly quiet: boolean }
  | { readonly kind: 'left'; readonly id: string }
  /** The account comes back after a pause. */
  | {
      readonly kind: 'paused';
      readonly candidate: Candidate;
      readonly inMilliseconds: number;
      readonly why: HoldReason;
    }
  /** An operator settles it. */
  | { readonly kind: 'settle'; readonly candidate: Candidate }
  /** Its turn has ended, and nothing follows until it changes. */
  | { readonly kind: 'rests'; readonly candidate: Candidate; readonly why: HoldReason };

export interface ReadAccountsOptions {
  readonly readEntry: ReadEntry;
  readonly open: OpenAccounts;
  readonly report: Report;
  /** Reports the accounts that left. */
  readonly left: Pick<LeftAccounts, 'left' | 'seen'>;
  /** Schedules the slices of a sweep. Default: the real time. */
  readonly scheduler?: SchedulerLike;
}

type EntryChange = Extract<DirectoryChange, { readonly kind: 'entry' }>;

/**
 * The number of accounts in one slice of a sweep. Between two slices, other work can run. A slice
 * takes some milliseconds.
 */
const SWEPT_AT_ONCE = 250;

/**
 * Reads entries as accounts. Echoes of own writes are not passed on. Entries that are not accounts
 * are left alone, or reported as skipped. An account that is not part of a complete refresh or list
 * has left: the sweep after it finds these accounts.
 */
export function readAccounts(options: ReadAccountsOptions): OperatorFunction<DirectoryChange, AccountChange> {
  return (source) =>
    new Observable<AccountChange>((subscriber) => {
      const reader = new Reader(options, (change) => subscriber.next(change));
      subscriber.add(() => reader.stop());
      return source.subscribe({
        next: (change) => reader.take(change),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

/**
 * Reads the changes of all connections.
 *
 * interrupted -> continuous a refresh is complete continuous -> interrupted the connection was
 * lost, or a refresh begins
 *
 * While it is interrupted, changes may have been missed. A change then says no more about earlier
 * changes than the refresh does. Lists are independent of that.
 */
class Reader {
  readonly #options: ReadAccountsOptions;
  readonly #tell: (change: AccountChange) => void;
  /** The numbers of the latest refresh and the latest list. */
  #refresh = 0;
  #list = 0;
  /** Every change since the last refresh has been received. */
  #continuous = false;
  #sweeping: Subscription | undefined;

  constructor(options: ReadAccountsOptions, tell: (change: AccountChange) => void) {
    this.#options = options;
    this.#tell = tell;
  }

  take(change: DirectoryChange): void {
    const { open } = this.#options;
    switch (change.kind) {
      case 'entry':
        this.#read(change);
        break;
      case 'left':
        this.#leave(change.dn, change.entryUUID);
        break;
      case 'refreshing':
        open.versions.connected();
        this.#refresh = open.beginSnapshot();
        this.#continuous = false;
        break;
      case 'refreshed':
        this.#continuous = true;
        this.#sweep(open.endSnapshot(this.#refresh));
        break;
      case 'listing':
        this.#list = open.beginSnapshot();
        break;
      case 'listed':
        this.#sweep(open.endSnapshot(this.#list));
        break;
      case 'disconnected':
        this.#continuous = false;
        break;
      case 'connected':
      case 'reconnecting':
        break;
    }
  }

  stop(): void {
    this.#sweeping?.unsubscribe();
  }

  #read(change: EntryChange): void {
    if (this.#isEcho(change.entry)) return;
    const reading = this.#options.readEntry(change.entry);
    if (reading.kind === 'account') {
      this.#see(reading.record, change.change);
      return;
    }
    this.#leave(reading.dn, uuidOf(change.entry), reading.kind === 'foreign' ? 'moved' : 'unknown');
    if (reading.kind === 'foreign' || change.change === 'list') return;
    const { dn, uid, reason } = reading;
    this.#options.report({ event: 'skipped', reason, dn, ...(uid === undefined ? {} : { uid }) });
  }

  /** Recognises an echo by its version alone. Most echoes are recognised in this way. */
  #isEcho(entry: DirectoryEntry): boolean {
    const [entryCSN] = entry.values('entryCSN');
    const uuid = entryCSN === undefined ? undefined : uuidOf(entry);
    return uuid !== undefined && this.#options.open.isOwnVersion(uuid, String(entryCSN));
  }

  #see(record: AccountRecord, change: EntryChange['change']): void {
    const { open, report, left } = this.#options;
    const isLive = change !== 'refresh' && change !== 'list';
    const { id, isEcho, unchanged, working, stale, missed, foreignClaim } = open.seen(record, this.#sourceOf(change));
    if (missed !== undefined) this.#tellLeft(missed);
    if (isEcho) return;
    left.seen(id);
    const quiet = !isLive && unchanged;
    if (!quiet) report(receivedEvent(record, change));
    if (foreignClaim) report(foreignClaimEvent(record));
    // What a refresh or list shows of an account in work may be older than that work.
    const fresh = !stale && (isLive || !working);
    this.#tell({ kind: 'seen', candidate: { id, record, fresh }, quiet });
  }

  #sourceOf(change: EntryChange['change']): Source {
    if (change === 'list') return { by: this.#continuous ? 'list' : 'refresh', snapshot: this.#list };
    if (change === 'refresh') return { by: 'refresh', snapshot: this.#refresh };
    return { by: this.#continuous ? 'stream' : 'refresh' };
  }

  #leave(dn: string, entryUUID: string | undefined, why?: WhyLeft): void {
    const left = this.#options.open.left(dn, entryUUID);
    if (left !== undefined) this.#tellLeft(left, why);
  }

  #tellLeft({ working, ...account }: Left, why?: WhyLeft): void {
    // While the account is in work, its own write-back makes it leave. The write-back also finds
    // out whether anything else has happened.
    if (!working) this.#options.left.left(account, why);
    this.#tell({ kind: 'left', id: account.id });
  }

  /**
   * Passes on the accounts that have left, in slices. If an account is seen again before the sweep
   * reaches it, it is passed on as left at that moment.
   */
  #sweep(accounts: Iterator<Left | undefined>): void {
    this.#sweeping?.unsubscribe();
    for (let looked = 0; looked < SWEPT_AT_ONCE; looked += 1) {
      const { done, value } = accounts.next();
      if (done) return;
      if (value !== undefined) this.#tellLeft(value);
    }
    const { scheduler = asyncScheduler } = this.#options;
    this.#sweeping = scheduler.schedule(() => this.#sweep(accounts));
  }
}

function uuidOf(entry: DirectoryEntry): string | undefined {
  return entry.values('entryUUID')[0]?.toString('utf8').toLowerCase();
}

function receivedEvent(
  { uid, dn, mode, entryUUID, modifiedBy, modifiedAt }: AccountRecord,
  change: EntryChange['change'],
): StreamEvent {
  const wasThere = change === 'refresh' || change === 'list';
  return {
    event: 'received',
    change,
    uid,
    dn,
    mode,
    ...(entryUUID === undefined ? {} : { entryUUID }),
    ...(modifiedBy === undefined ? {} : { modifiedBy }),
    ...(wasThere && modifiedAt !== undefined ? { writtenAt: new Date(modifiedAt).toISOString() } : {}),
  };
}
