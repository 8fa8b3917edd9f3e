import { type LeaseReading, readLease } from '../../../src/domain/lease.ts';
import type { Agenda, Random } from './agenda.ts';
import type { LeaseService } from './lease-service.ts';

/** An account of the model. Every write makes a new version. */
export interface ModelAccount {
  readonly state: 'settled' | 'requested' | 'inWork';
  readonly version: number;
  /** The fencing token of the claim while in work. */
  readonly token: string;
  /** The number of requests so far. */
  readonly request: number;
}

export type Reply<T> = { readonly got: 'done'; readonly value: T } | { readonly got: 'refused' | 'noAnswer' };
export type Executed<T> = { readonly got: 'done'; readonly value: T } | { readonly got: 'refused' };

/** What happens to one request. `late`: it is carried out long after its sender gave up. */
export type RequestFault = 'lostBefore' | 'lostAfter' | 'late';

/** The time in milliseconds after which a sender gives up. */
const GIVES_UP = 2_000;

const REFUSED = { got: 'refused' } as const;

/**
 * One directory with accounts and their leases. It carries out requests as slapd and 389-ds do: a
 * modify that names an old value fails unless the entry has that value, and an add fails if the
 * entry exists.
 */
export class LeaseDirectory {
  readonly accounts = new Map<string, ModelAccount>();
  readonly leases = new Map<string, string>();
  /** While true, requests are neither carried out nor answered. */
  away = false;
  readonly faults: RequestFault[] = [];
  /**
   * The number of refused lease requests: an add of an existing entry, or a swap of a former value.
   */
  wasted = 0;
  /** The number of further outcomes that the directory refuses for a reason of its own. */
  refusals = 0;
  /** Called before a lease gets another value, and before an outcome is carried out. */
  onLease: (uid: string, by: LeaseService, from: LeaseReading, to: LeaseReading) => void = () => {};
  onOutcome: (uid: string, account: ModelAccount, token: string) => void = () => {};
  onAccount: (uid: string) => void = () => {};
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #fencing: 'version' | 'token' | 'nothing';
  readonly #late = new Set<() => void>();

  constructor(agenda: Agenda, random: Random, fencing: 'version' | 'token' | 'nothing') {
    this.#agenda = agenda;
    this.#random = random;
    this.#fencing = fencing;
  }

  /** The time that a message takes in one direction. */
  travel: () => number = () => this.#random.between(0.2, 40);

  /** The time that the server takes for a write, one after another. */
  writing = 0;
  #writesUntil = 0;

  /** Sends a request. `answer` is called exactly once. */
  send<T>(execute: () => Executed<T>, answer: (reply: Reply<T>) => void, kind: 'read' | 'write' = 'read'): void {
    let answered = false;
    const reply = (what: Reply<T>) => {
      if (answered) return;
      answered = true;
      answer(what);
    };
    const agenda = this.#agenda;
    agenda.after(GIVES_UP, () => reply({ got: 'noAnswer' }));
    const fault = this.faults.shift();
    if (fault === 'lostBefore') return;
    if (fault === 'late') {
      const run = () => {
        if (this.#late.delete(run)) execute();
      };
      this.#late.add(run);
      agenda.after(this.#random.between(GIVES_UP, 300_000), run);
      return;
    }
    const serve = () => {
      if (this.away) return;
      const executed = execute();
      if (fault !== 'lostAfter') agenda.after(this.travel(), () => reply(executed));
    };
    agenda.after(this.travel(), () => {
      if (kind === 'read' || this.writing === 0) serve();
      else {
        this.#writesUntil = Math.max(this.#writesUntil, agenda.now) + this.writing;
        agenda.at(this.#writesUntil, serve);
      }
    });
  }

  /** Carries out every request that is still late. */
  deliver(): void {
    for (const run of [...this.#late]) run();
  }

  readLease(uid: string): Executed<LeaseReading> {
    const value = this.leases.get(uid);
    return { got: 'done', value: readLease(value === undefined ? undefined : [value]) };
  }

  addLease(uid: string, by: LeaseService, lease: string): Executed<undefined> {
    if (this.leases.has(uid)) return this.#refuse();
    return this.#setLease(uid, by, lease);
  }

  swapLease(uid: string, by: LeaseService, from: string, to: string): Executed<undefined> {
    if (this.leases.get(uid) !== from) return this.#refuse();
    return this.#setLease(uid, by, to);
  }

  /**
   * Changes the account to in work, by the version or the values on which the claim was decided.
   */
  claim(uid: string, seen: ModelAccount, token: string): Executed<ModelAccount> {
    const account = this.#account(uid);
    if (account.state === 'settled' || !this.#same(account, seen)) return REFUSED;
    return { got: 'done', value: this.#write(uid, { ...account, state: 'inWork', token }) };
  }

  finish(uid: string, claimed: ModelAccount): Executed<undefined> {
    const account = this.#account(uid);
    if (account.state !== 'inWork' || !this.#same(account, claimed)) return REFUSED;
    if (this.refusals > 0) {
      this.refusals -= 1;
      return REFUSED;
    }
    this.onOutcome(uid, account, claimed.token);
    this.#write(uid, { ...account, state: 'settled', token: '0' });
    return { got: 'done', value: undefined };
  }

  readAccount(uid: string): Executed<ModelAccount> {
    return { got: 'done', value: this.#account(uid) };
  }

  /** Writes a new request, whatever the state of the account is. */
  request(uid: string): void {
    const { request } = this.#account(uid);
    this.#write(uid, { ...this.#account(uid), state: 'requested', token: '0', request: request + 1 });
  }

  #account(uid: string): ModelAccount {
    return this.accounts.get(uid) ?? { state: 'settled', version: 0, token: '0', request: 0 };
  }

  #write(uid: string, account: ModelAccount): ModelAccount {
    const written = { ...account, version: account.version + 1 };
    this.accounts.set(uid, written);
    this.onAccount(uid);
    return written;
  }

  #same(account: ModelAccount, seen: ModelAccount): boolean {
    if (this.#fencing === 'version') return account.version === seen.version;
    return account.state === seen.state && (this.#fencing === 'nothing' || account.token === seen.token);
  }

  #setLease(uid: string, by: LeaseService, to: string): Executed<undefined> {
    const from = this.leases.get(uid);
    this.onLease(uid, by, readLease(from === undefined ? undefined : [from]), readLease([to]));
    this.leases.set(uid, to);
    return { got: 'done', value: undefined };
  }

  #refuse(): Executed<never> {
    this.wasted += 1;
    return REFUSED;
  }
}
