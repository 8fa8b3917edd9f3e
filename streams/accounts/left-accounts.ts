import type { ReadEntry } from '../../src/domain/account.ts';
import { comparableDn, isSameDn } from '../../src/domain/dn.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Report, WhyLeft } from '../../src/domain/event.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';

/** An account that left. `id`: see `identityOf`. */
export interface LeftAccount {
  readonly id: string;
  readonly dn: string;
  readonly uid: string;
  readonly mode?: string;
}

export interface LeftAccountsOptions {
  /**
   * Reads the entry with this entryUUID, wherever it is now; without an entryUUID the one with the
   * DN. Undefined if there is none that may be read.
   */
  readonly locate: (dn: string, entryUUID: string | undefined) => Promise<DirectoryEntry | undefined>;
  readonly readEntry: ReadEntry;
  readonly report: Report;
  /** A clock in milliseconds. */
  readonly monotonic: () => number;
}

/** The number of reads that may follow each other at once: as many as a person would look at. */
const MOST_READS = 60;
/** After that, one read may begin in each of these intervals, in milliseconds. */
const READ_INTERVAL = 1_000;
/**
 * The number of accounts that left last and are remembered, because the stream and a turn may both
 * report them.
 */
const REMEMBERED = 1_000;

/**
 * Reports the accounts that left, each with the reason. The entry is read once to find the reason.
 * These reads are for people only, so there is one at a time, and their number is limited: many
 * accounts do not load the directory. For all further accounts the reason is `unknown`. The work on
 * accounts never waits for these reads.
 *
 *   (none) -> asked       the account left, and its entry is read
 *   asked -> reported     it was read, it is seen again, or the service ends
 *   reported -> (none)    it is seen again, or many others have left since
 */
export class LeftAccounts {
  readonly #options: LeftAccountsOptions;
  readonly #asked = new Map<string, LeftAccount>();
  readonly #reported = new RecentMap<true>(REMEMBERED);
  #allowed = MOST_READS;
  #allowedAt: number;
  #reading = false;

  constructor(options: LeftAccountsOptions) {
    this.#options = options;
    this.#allowedAt = options.monotonic();
  }

  /**
   * To be called when an account has left. A second call has no effect. `why`: the reason, if it is
   * known.
   */
  left(account: LeftAccount, why?: WhyLeft): void {
    if (this.#asked.has(account.id) || this.#reported.get(account.id) !== undefined) return;
    if (why !== undefined || !this.#mayRead()) {
      this.#say(account, { why: why ?? 'unknown' });
      return;
    }
    this.#asked.set(account.id, account);
    if (!this.#reading) void this.#readAll();
  }

  /** To be called before anything is reported of an account that is in sight again. */
  seen(id: string): void {
    const account = this.#asked.get(id);
    if (account !== undefined) this.#tell(account, { why: 'unknown' });
    this.#reported.delete(id);
  }

  /** Reports the accounts whose reads have not ended. */
  close(): void {
    for (const account of [...this.#asked.values()]) this.#tell(account, { why: 'unknown' });
  }

  #mayRead(): boolean {
    const now = this.#options.monotonic();
    const more = Math.floor((now - this.#allowedAt) / READ_INTERVAL);
    this.#allowedAt += more * READ_INTERVAL;
    this.#allowed = Math.min(MOST_READS, this.#allowed + more);
    if (this.#allowed === 0) return false;
    this.#allowed -= 1;
    return true;
  }

  async #readAll(): Promise<void> {
    this.#reading = true;
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      // The reason stays unknown. The failure itself is reported elsewhere.
      const found = await this.#read(next).catch((): Found => ({ why: 'unknown' }));
      this.#tell(next, found);
    }
    this.#reading = false;
  }

  #first(): LeftAccount | undefined {
    const [first] = this.#asked.values();
    return first;
  }

  async #read({ id, dn }: LeftAccount): Promise<Found> {
    const { locate, readEntry } = this.#options;
    const entryUUID = id === comparableDn(dn) ? undefined : id;
    const entry = await locate(dn, entryUUID);
    // Without an entryUUID, the entry may have been renamed.
    if (entry === undefined) return { why: entryUUID === undefined ? 'unknown' : 'deleted' };
    const reading = readEntry(entry);
    if (reading.kind === 'account' && reading.record.state !== '0') {
      const { mode, modifiedBy } = reading.record;
      return { why: 'finished', mode, ...(modifiedBy === undefined ? {} : { modifiedBy }) };
    }
    if (reading.kind === 'unworkable') return { why: 'unknown' };
    return { why: 'moved', ...(isSameDn(entry.dn, dn) ? {} : { movedTo: entry.dn }) };
  }

  /** Reports the account, unless it was reported while its entry was read. */
  #tell(account: LeftAccount, found: Found): void {
    if (this.#asked.get(account.id) !== account) return;
    this.#asked.delete(account.id);
    this.#say(account, found);
  }

  #say({ id, dn, uid, mode }: LeftAccount, found: Found): void {
    this.#reported.set(id, true);
    this.#options.report({ event: 'left', dn, uid, ...(mode === undefined ? {} : { mode }), ...found });
  }
}

interface Found {
  readonly why: WhyLeft;
  readonly mode?: string;
  readonly modifiedBy?: string;
  readonly movedTo?: string;
}
