import type { LeaseReading } from '../../../src/domain/lease.ts';
import {
  type LeaseContext,
  type LeaseEffect,
  type LeaseInput,
  type LeaseState,
  mayResume,
  mayWork,
  NO_LEASE,
} from '../../../streams/leases/lease-state.ts';
import type { stepLease } from '../../../streams/leases/lease-step.ts';
import type { Agenda, Random } from './agenda.ts';
import type { HowEnded, Launchers, Script } from './launchers.ts';
import type { Executed, LeaseDirectory, ModelAccount, Reply } from './lease-directory.ts';

export interface ServiceOptions {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly directory: LeaseDirectory;
  readonly launchers: Launchers;
  readonly step: typeof stepLease;
  readonly holder: string;
  readonly duration: number;
  readonly killGrace: number;
  readonly spread: (uid: string) => number;
  /** The number of accounts on which it works at once. */
  readonly slots: number;
  /** Its monotonic clock. The clocks of two services are unrelated. */
  readonly clock: { readonly offset: number; readonly rate: number };
}

/** What a service knows and does about one uid. */
interface Lane {
  readonly uid: string;
  lease: LeaseState;
  /** Counts effects. The answer to an earlier effect is dropped. */
  effects: number;
  /** The state of the turn. wanting, waking: the turn waits for the lease. */
  turn: 'idle' | 'wanting' | 'waking' | 'working' | 'ending';
  /** Counts turns. Answers to an earlier turn are dropped. */
  turns: number;
  sight: ModelAccount | undefined;
  claimed: ModelAccount | undefined;
  tokens: string[];
  script: Script | undefined;
  /** Whether the script has succeeded, and the outcome is to be written. */
  hasOutcome: boolean;
}

const RETRY = 500;
const LIST_EVERY = 10_000;
let words = 0;
const newWord = () => {
  words += 1;
  return `w${words}`;
};

/**
 * A service with the real lease machine and a small model of the turn of an account: claim, script,
 * write-back. While it is frozen, it does nothing, and goes on afterwards where it was. When it is
 * dead, it does nothing any more. Its launcher decides what happens to its scripts.
 */
export class LeaseService {
  alive = true;
  draining = false;
  steps = 0;
  readonly holder: string;
  readonly #options: ServiceOptions;
  readonly #lanes = new Map<string, Lane>();
  #frozen = false;
  #missed: (() => void)[] = [];
  readonly #queue = new Set<Lane>();
  /** The lanes that have a slot. */
  readonly #busy = new Set<Lane>();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.holder = options.holder;
    this.#listAll();
  }

  freeze(): void {
    this.#frozen = true;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  thaw(): void {
    this.#frozen = false;
    const missed = this.#missed;
    this.#missed = [];
    for (const run of missed) this.#inside(run)();
  }

  /** Ends the service at once. */
  kill(): void {
    this.alive = false;
  }

  /**
   * Ends its scripts, releases its leases, and then ends the service. Ends it at once if that takes
   * too long.
   */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (const lane of this.#lanes.values()) {
      if (lane.script !== undefined) this.#options.launchers.kill(lane.script);
      else if (lane.turn !== 'working' && lane.turn !== 'ending') this.#finish(lane);
    }
    this.#options.agenda.after(
      10_000,
      this.#inside(() => this.kill()),
    );
  }

  /** Receives the state of an account. */
  receive(uid: string): void {
    const { directory, agenda } = this.#options;
    if (directory.away) return;
    const { value } = directory.readAccount(uid) as { value: ModelAccount };
    agenda.after(
      directory.travel(),
      this.#inside(() => this.#see(this.#lane(uid), value)),
    );
  }

  /** Receives the value of a lease, possibly late, if the service watches the leases. */
  receiveLease(uid: string, lease: LeaseReading): void {
    const { directory, agenda } = this.#options;
    const tell = this.#inside(() => {
      const lane = this.#lanes.get(uid);
      if (lane !== undefined) this.#step(lane, { got: 'observed', lease });
    });
    if (!directory.away) agenda.after(directory.travel(), tell);
  }

  #now(): number {
    const { agenda, clock } = this.#options;
    return clock.offset + agenda.now * clock.rate;
  }

  #worldTime(own: number): number {
    const { offset, rate } = this.#options.clock;
    return (own - offset) / rate;
  }

  /**
   * Wraps an action of this service. It waits while the service is frozen, and does not run after
   * its death.
   */
  #inside(run: () => void): () => void {
    return () => {
      if (!this.alive) return;
      if (this.#frozen) this.#missed.push(run);
      else run();
    };
  }

  #listAll(): void {
    const { directory, agenda } = this.#options;
    const again = this.#inside(() => this.#listAll());
    agenda.after(LIST_EVERY, again);
    for (const uid of directory.accounts.keys()) this.receive(uid);
  }

  #lane(uid: string): Lane {
    let lane = this.#lanes.get(uid);
    if (lane === undefined) {
      const nothing = { sight: undefined, claimed: undefined, script: undefined };
      lane = { uid, lease: NO_LEASE, effects: 0, turn: 'idle', turns: 0, tokens: [], hasOutcome: false, ...nothing };
      this.#lanes.set(uid, lane);
    }
    return lane;
  }

  #see(lane: Lane, account: ModelAccount): void {
    lane.sight = account;
    if (this.draining) return;
    const open = account.state !== 'settled';
    const inWork = account.state === 'inWork';
    if (lane.turn === 'idle' && open && lane.lease.at !== 'paused') {
      this.#queue.add(lane);
      this.#fillSlots();
    } else if (lane.turn === 'wanting' && lane.lease.at === 'waiting') {
      if (!open) this.#finish(lane);
      else if (lane.lease.purpose.inWork !== inWork) this.#step(lane, { got: 'take', job: newWord(), inWork });
    }
  }

  /**
   * Fills the slots in the order of arrival. Accounts whose lease this service attempts before the
   * other services come first.
   */
  #fillSlots(): void {
    const { slots, spread } = this.#options;
    while (this.#queue.size > 0 && this.#busy.size < slots) {
      const queue = [...this.#queue];
      const lane = queue.find(({ uid }) => spread(uid) === 0) ?? queue[0]!;
      this.#queue.delete(lane);
      const state = lane.sight?.state;
      if (lane.turn !== 'idle' || state === undefined || state === 'settled') continue;
      this.#busy.add(lane);
      this.#begin(lane, 'wanting');
      this.#step(lane, { got: 'take', job: newWord(), inWork: state === 'inWork' });
    }
  }

  /** Lends the slot of a lane that waits for another service. */
  #lend(lane: Lane): void {
    if (this.#busy.delete(lane)) this.#fillSlots();
  }

  #begin(lane: Lane, turn: Lane['turn']): void {
    lane.turn = turn;
    lane.turns += 1;
  }

  /** One step of the lease, its effect, and what follows for the turn. */
  #step(lane: Lane, input: LeaseInput): void {
    const { duration, killGrace, holder, spread, launchers, step } = this.#options;
    this.steps += 1;
    const times = { now: this.#now(), turn: newWord(), spread: spread(lane.uid) };
    const context: LeaseContext = { ...times, holder, duration, killGrace };
    const { state, effect } = step(lane.lease, input, context);
    lane.lease = state;
    if (effect !== undefined) {
      lane.effects += 1;
      this.#perform(lane, effect, lane.effects);
    }
    if (state.at === 'held' && lane.script !== undefined) {
      launchers.extend(lane.script, this.#worldTime(state.deadline));
    }
    if (state.at === 'waiting' && state.seen?.lease.is === 'held') this.#lend(lane);
    if (state.at === 'lost') this.#lose(lane);
    else if (mayWork(state, this.#now()) && (lane.turn === 'wanting' || lane.turn === 'waking')) {
      this.#begin(lane, 'working');
      this.#work(lane);
    }
  }

  #perform({ uid }: Lane, effect: LeaseEffect, number: number): void {
    const { directory, agenda } = this.#options;
    const answer = (input: LeaseInput) =>
      this.#inside(() => {
        const current = this.#lane(uid);
        if (current.effects === number) this.#step(current, input);
      })();
    switch (effect.do) {
      case 'add':
        directory.send(
          () => directory.addLease(uid, this, effect.lease),
          ({ got }) => answer({ got }),
          'write',
        );
        break;
      case 'swap':
        directory.send(
          () => directory.swapLease(uid, this, effect.from, effect.to),
          ({ got }) => answer({ got }),
          'write',
        );
        break;
      case 'read':
        directory.send(
          () => directory.readLease(uid),
          (reply) => answer(reply.got === 'done' ? { got: 'read', lease: reply.value } : { got: 'noAnswer' }),
        );
        break;
      case 'wait':
        agenda.at(this.#worldTime(effect.until), () => answer({ got: 'time' }));
        break;
      case 'nothing':
        break;
    }
  }

  #lose(lane: Lane): void {
    if (lane.script !== undefined) {
      this.#options.launchers.kill(lane.script);
      return;
    }
    this.#finish(lane);
  }

  /** Sends a request of the turn. Its answer is dropped if the turn is over by then. */
  #ask<T>(
    lane: Lane,
    execute: () => Executed<T>,
    answer: (reply: Reply<T>) => void,
    kind: 'read' | 'write' = 'write',
  ): void {
    const { turns } = lane;
    const ifCurrent = (reply: Reply<T>) =>
      this.#inside(() => {
        if (lane.turns === turns) answer(reply);
      })();
    this.#options.directory.send(execute, ifCurrent, kind);
  }

  #soon(lane: Lane, run: () => void, delay = RETRY): void {
    const { turns } = lane;
    this.#options.agenda.after(
      delay,
      this.#inside(() => {
        if (lane.turns === turns) run();
      }),
    );
  }

  /** Reads the account and does what is due. Waits if the lease has lapsed. */
  #work(lane: Lane): void {
    const { directory } = this.#options;
    const again = () => this.#work(lane);
    if (this.draining) this.#finish(lane);
    else if (!mayWork(lane.lease, this.#now())) this.#soon(lane, again);
    else {
      this.#ask<ModelAccount>(
        lane,
        () => directory.readAccount(lane.uid),
        (reply) => {
          if (reply.got === 'done') this.#workOn(lane, reply.value);
          else this.#soon(lane, again);
        },
        'read',
      );
    }
  }

  #workOn(lane: Lane, account: ModelAccount): void {
    lane.sight = account;
    const own = account.version === lane.claimed?.version || lane.tokens.includes(account.token);
    const foreign = account.state === 'inWork' && !own && !mayResume(lane.lease, this.#now());
    if (account.state === 'settled' || foreign) this.#finish(lane);
    else if (lane.hasOutcome && account.token === lane.claimed?.token) this.#write(lane);
    else this.#claim(lane, account);
  }

  #claim(lane: Lane, account: ModelAccount): void {
    const { directory } = this.#options;
    lane.hasOutcome = false;
    const token = newWord();
    lane.tokens.push(token);
    this.#ask<ModelAccount>(
      lane,
      () => directory.claim(lane.uid, account, token),
      (reply) => {
        if (reply.got === 'done') this.#run(lane, reply.value);
        else this.#work(lane);
      },
    );
  }

  #run(lane: Lane, claimed: ModelAccount): void {
    const { launchers } = this.#options;
    lane.claimed = claimed;
    lane.sight = claimed;
    if (lane.lease.at !== 'held' || this.draining) {
      this.#work(lane);
      return;
    }
    const script = { uid: lane.uid, service: this, token: claimed.token };
    lane.script = script;
    launchers.start(script, this.#worldTime(lane.lease.deadline), (how) =>
      this.#inside(() => this.#ended(lane, how))(),
    );
  }

  #ended(lane: Lane, how: HowEnded): void {
    lane.script = undefined;
    if (this.draining || lane.lease.at !== 'held') this.#finish(lane);
    else if (how === 'killed') this.#work(lane);
    else if (how === 'temporary') this.#pause(lane);
    else this.#write(lane);
  }

  #write(lane: Lane): void {
    const { directory } = this.#options;
    const { claimed } = lane;
    lane.hasOutcome = true;
    if (claimed === undefined || this.draining) this.#finish(lane);
    else if (!mayWork(lane.lease, this.#now())) this.#soon(lane, () => this.#write(lane));
    else {
      this.#ask<undefined>(
        lane,
        () => directory.finish(lane.uid, claimed),
        (reply) => {
          if (reply.got === 'done') this.#finish(lane);
          // Refused: the account has changed, or the directory refuses the write for a reason of
          // its own.
          else if (reply.got === 'refused' && this.#options.random.oneIn(2)) this.#pause(lane);
          else this.#work(lane);
        },
      );
    }
  }

  /** Keeps the lease during a pause, without renewing it. */
  #pause(lane: Lane): void {
    const pause = this.#options.random.between(1_000, 60_000);
    this.#begin(lane, 'ending');
    this.#lend(lane);
    this.#soon(
      lane,
      () => {
        if (this.draining) return;
        this.#begin(lane, 'waking');
        this.#step(lane, { got: 'take', job: newWord(), inWork: true });
      },
      pause,
    );
    this.#step(lane, { got: 'release', release: { to: 'paused', pause, attempt: 2 } });
  }

  /** Ends the turn and releases the lease. */
  #finish(lane: Lane): void {
    const { lease, sight, claimed, uid } = lane;
    const own = claimed !== undefined && sight?.version === claimed.version;
    const mine = sight?.state === 'inWork' && (own || mayResume(lease, this.#now()));
    this.#begin(lane, 'ending');
    lane.claimed = undefined;
    lane.tokens = [];
    lane.hasOutcome = false;
    lane.turn = 'idle';
    this.#step(lane, { got: 'release', release: mine ? { to: 'left', attempt: 1 } : { to: 'free' } });
    if (!this.draining) this.#soon(lane, () => this.receive(uid), 50);
    this.#lend(lane);
  }
}
