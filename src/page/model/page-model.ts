import type { PublishedEvent } from '../../domain/event.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { type Account, accountEvent, applyEvent, applyListed, LISTED, newAccount } from './account.ts';
import { Series } from './series.ts';

/** The most events that are kept. While the view is held, twice as many are kept. */
export const MOST_EVENTS = 20_000;

/** A period whose events are missing, in milliseconds since 1970. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

/**
 * What the page knows of the service: the last snapshot, the latest events, and the accounts in
 * both. It receives what arrives, and has no clock of its own. Its memory is bounded by the kept
 * events and the lists of a snapshot. When the service is started again, the past stays: the new
 * events follow it, and the new snapshots show what became of the accounts.
 */
export class PageModel {
  snapshot: ServiceSnapshot | undefined;
  readonly accounts = new Map<string, Account>();
  readonly gaps: Gap[] = [];
  readonly series = new Series();
  /**
   * The accounts whose events are all forgotten, the oldest first. There are at most as many as
   * there are events.
   */
  readonly #eventless = new Set<string>();
  /** The events in order. */
  #events: PublishedEvent[] = [];
  /** The index of the oldest event that is still kept. */
  #oldest = 0;
  #lastTime = 0;
  /** The number of events that were received in total. */
  taken = 0;
  /** When an account was last finished, if that is known. */
  lastDone: number | undefined;

  /** The kept events, in order. */
  get events(): readonly PublishedEvent[] {
    return this.#oldest === 0 ? this.#events : this.#events.slice(this.#oldest);
  }

  takeEvent(event: PublishedEvent, isHeld = false): void {
    this.taken += 1;
    this.#lastTime = Math.max(this.#lastTime, Date.parse(event.time));
    if (event.event === 'finished') this.lastDone = Date.parse(event.time);
    this.series.takeEvent(event);
    this.#events.push(event);
    const about = accountEvent(event);
    if (about !== undefined) {
      const account = this.#account(about.uid);
      account.events.push(about);
      this.#eventless.delete(about.uid.toLowerCase());
      applyEvent(account, about);
    }
    while (this.#events.length - this.#oldest > (isHeld ? 2 : 1) * MOST_EVENTS) this.#forgetOldest();
  }

  /** This number of events is missing before the next one. */
  takeGap(events: number, now: number): void {
    this.gaps.push({ from: this.#lastTime, to: now, events });
    if (this.gaps.length > 100) this.gaps.shift();
  }

  takeSnapshot(snapshot: ServiceSnapshot): void {
    this.snapshot = snapshot;
    this.series.takeSnapshot(snapshot);
    const at = Date.parse(snapshot.time);
    const listed = this.takeLists(snapshot);
    for (const [key, account] of this.accounts) {
      if (!listed.has(key) && account.asOf <= at && isComplete(snapshot, account)) this.#end(key, account, at);
    }
  }

  /** Takes the accounts that a snapshot lists. It may list only one. Returns their keys. */
  takeLists(snapshot: ServiceSnapshot): ReadonlySet<string> {
    const listed = new Set<string>();
    for (const condition of LISTED) {
      for (const found of snapshot[condition]) {
        const key = found.uid.toLowerCase();
        // An account in work with a newer request is in both lists.
        if (listed.has(key)) continue;
        listed.add(key);
        applyListed(this.#account(found.uid), condition, found as never, Date.parse(snapshot.time));
      }
    }
    return listed;
  }

  account(uid: string): Account | undefined {
    return this.accounts.get(uid.toLowerCase());
  }

  #account(uid: string): Account {
    const key = uid.toLowerCase();
    const known = this.accounts.get(key);
    if (known !== undefined) return known;
    const account = newAccount(uid);
    this.accounts.set(key, account);
    return account;
  }

  /** Ends an account that the snapshot no longer lists, although no event has reported its end. */
  #end(key: string, account: Account, at: number): void {
    if (account.events.length === 0) this.accounts.delete(key);
    else if (account.condition !== 'done' && account.condition !== 'gone') {
      account.condition = 'done';
      account.since = at;
      account.asOf = at;
      account.isStuck = false;
      account.failure = undefined;
    }
  }

  #forgetOldest(): void {
    const event = this.#events[this.#oldest];
    this.#oldest += 1;
    // Removing one at each event would take longer than everything else.
    if (this.#oldest >= MOST_EVENTS) {
      this.#events = this.#events.slice(this.#oldest);
      this.#oldest = 0;
    }
    const about = event === undefined ? undefined : accountEvent(event);
    const account = about === undefined ? undefined : this.account(about.uid);
    if (about === undefined || account === undefined) return;
    account.events.shift();
    if (account.events.length === 0) this.#keepEventless(about.uid.toLowerCase(), account);
  }

  /**
   * Keeps an account that has not ended. If very many wait, those with the latest events are kept.
   */
  #keepEventless(key: string, { condition }: Account): void {
    if (condition === 'done' || condition === 'gone') {
      this.accounts.delete(key);
      return;
    }
    this.#eventless.add(key);
    const [oldest] = this.#eventless;
    if (oldest === undefined || this.#eventless.size <= MOST_EVENTS) return;
    this.#eventless.delete(oldest);
    this.accounts.delete(oldest);
  }
}

/** Whether the snapshot lists all accounts in the condition of this one. */
function isComplete(snapshot: ServiceSnapshot, { condition }: Account): boolean {
  const name = LISTED.find((each) => each === condition);
  return name === undefined || snapshot[name].length >= snapshot.counts[name];
}
