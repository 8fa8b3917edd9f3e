import type { LeaseReading } from '../../../src/domain/lease.ts';
import { stepLease } from '../../../streams/leases/lease-step.ts';
import { LEAST_STEP, placeOf, spreadAt } from '../../../streams/leases/spread.ts';
import { Agenda, Random } from './agenda.ts';
import { Launchers, type Script } from './launchers.ts';
import { LeaseDirectory, type ModelAccount } from './lease-directory.ts';
import { LeaseService } from './lease-service.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly services: number;
  readonly fencing: 'version' | 'token' | 'nothing';
  /** The durations of the leases, by service, in milliseconds. */
  readonly durations: readonly number[];
  readonly killGrace: number;
  /** How long a script takes, in milliseconds. */
  readonly script: { readonly min: number; readonly max: number };
  /** The number of accounts on which each service works at once. */
  readonly slots?: number;
  /** Whether the services are notified of changes of leases, in addition to reading them. */
  readonly watched?: boolean;
  readonly step?: typeof stepLease;
  /**
   * `shared`: a second service of an installation has the same holder although it does not have the
   * lock, which is a fault.
   */
  readonly holders?: 'shared';
  readonly tell?: (line: string) => void;
}

/**
 * Several services on one directory, the scripts of all of them, and the rules that must never be
 * broken.
 */
export class LeaseWorld {
  readonly agenda = new Agenda();
  readonly directory: LeaseDirectory;
  readonly launchers: Launchers;
  readonly services: LeaseService[] = [];
  /** The first broken rule, in words. */
  broken: string | undefined;
  readonly #options: WorldOptions;
  readonly #random: Random;
  /** When the lease of a uid was last deleted by hand. */
  readonly #deleted = new Map<string, number>();
  /** The scripts that were started. */
  readonly scripts: { readonly uid: string; readonly holder: string; readonly at: number }[] = [];
  #stepsOfDead = 0;
  #starts = 0;

  constructor(options: WorldOptions) {
    const { seed, fencing, services } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.directory = new LeaseDirectory(this.agenda, this.#random, fencing);
    this.launchers = new Launchers(this.agenda, this.#random, {
      ...options,
      onStart: (script, beside) => this.#checkStart(script, beside),
    });
    this.directory.onLease = (uid, by, from, to) => {
      this.#checkLease(uid, by, from, to);
      if (options.watched === true) for (const service of this.services) service.receiveLease(uid, to);
    };
    this.directory.onOutcome = (uid, account, token) => {
      if (account.token !== token) this.#break(`an outcome at ${uid} over the work of another claim`);
    };
    this.directory.onAccount = (uid) => {
      this.tell(`account ${uid}: ${JSON.stringify(this.directory.accounts.get(uid))}`);
      for (const service of this.services) service.receive(uid);
    };
    for (let slot = 0; slot < services; slot += 1) this.start(`host/${slot}/boot`);
  }

  get steps(): number {
    return this.services.reduce((sum, { steps }) => sum + steps, this.#stepsOfDead);
  }

  start(holder: string): void {
    const { durations, killGrace, slots = 4, step = stepLease } = this.#options;
    const service: LeaseService = new LeaseService({
      agenda: this.agenda,
      random: this.#random,
      directory: this.directory,
      launchers: this.launchers,
      step,
      slots,
      holder,
      duration: durations[this.#starts % durations.length] ?? 60_000,
      killGrace,
      spread: (uid) => spreadAt(placeOf(holder, uid, this.holders()), LEAST_STEP),
      clock: { offset: this.#random.between(0, 1e9), rate: this.#random.between(0.99, 1.01) },
    });
    this.#starts += 1;
    this.services.push(service);
  }

  /**
   * Starts a service in place of a dead one, with the same holder. First it ends what the dead one
   * has left behind.
   */
  restart(dead: LeaseService): void {
    this.launchers.clear(dead);
    this.#stepsOfDead += dead.steps;
    this.services.splice(this.services.indexOf(dead), 1);
    this.start(dead.holder);
  }

  /** The holder of a further service of an installation, which has a lock of its own. */
  twinOf({ holder }: LeaseService): string {
    return this.#options.holders === 'shared' ? holder : `${holder}-twin-${this.#starts}`;
  }

  holders(): readonly string[] {
    return this.services.filter(({ alive }) => alive).map(({ holder }) => holder);
  }

  /** Deletes a lease, as an administrator might do by mistake. */
  deleteLease(uid: string): void {
    if (this.directory.leases.delete(uid)) this.#deleted.set(uid, this.agenda.now);
  }

  /**
   * For some time after a lease was deleted by hand, no service can know which service works on its
   * uid.
   */
  isDeleted(uid: string): boolean {
    const at = this.#deleted.get(uid);
    return at !== undefined && this.agenda.now < at + 3 * Math.max(...this.#options.durations);
  }

  openAccounts(): readonly ModelAccount[] {
    return [...this.directory.accounts.values()].filter(({ state }) => state !== 'settled');
  }

  #checkStart({ uid, token, service }: Script, beside: readonly Script[]): void {
    this.tell(`script of ${uid}, by ${service.holder}, claim ${token}`);
    this.scripts.push({ uid, holder: service.holder, at: this.agenda.now });
    if (beside.length > 0) this.#break(`two scripts of ${uid} at once`);
    const account = this.directory.accounts.get(uid);
    if (account?.state === 'requested' || this.isDeleted(uid)) return;
    if (account?.token !== token) this.#break(`a script of ${uid} without its claim`);
  }

  #checkLease(uid: string, by: LeaseService, from: LeaseReading, to: LeaseReading): void {
    this.tell(`lease of ${uid}, by ${by.holder}: ${from.text} -> ${to.text}`);
    if (from.is === 'missing' || this.isDeleted(uid)) return;
    if (this.launchers.of(uid).every(({ service }) => service === by)) return;
    this.#break(`the lease of ${uid} ${to.is === 'held' ? 'taken over' : 'given up by another'} while a script runs`);
  }

  /** Logs what happens, until a rule is broken. */
  tell(line: string): void {
    if (this.broken === undefined) this.#options.tell?.(`${Math.round(this.agenda.now)} ms: ${line}`);
  }

  #break(what: string): void {
    this.broken ??= `${what}, after ${Math.round(this.agenda.now)} ms`;
  }
}
