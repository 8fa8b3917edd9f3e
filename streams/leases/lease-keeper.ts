import { setMaxListeners } from 'node:events';
import type { LeaseDirectory } from '../../src/domain/directory.ts';
import type { LeasesQuery, LeasesStatus, LeasesView, LeaseTally } from '../../src/domain/lease-status.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { laneOf } from '../candidate.ts';
import { takeableAt } from './attempt-lease.ts';
import { type LeaseForJob, leaseForJob } from './lease-for-job.ts';
import { LeaseRunner } from './lease-runner.ts';
import {
  isSeenFree,
  keptOver,
  type LeaseContext,
  type LeaseState,
  type LeaseStep,
  mayResume,
  mayWork,
  type Purpose,
  type Release,
  type Seen,
} from './lease-state.ts';
import { surveyLeases } from './lease-survey.ts';
import { NOTHING_YET, tallyStep } from './lease-tally.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { Leases, Taken } from './leases.ts';
import type { PresenceKeeper } from './presence-keeper.ts';
import { placeOf, SpreadStep, spreadAt } from './spread.ts';

export interface LeaseKeeperOptions extends Pick<LeaseContext, 'holder' | 'duration' | 'killGrace'> {
  readonly directory: LeaseDirectory;
  /** Milliseconds of a monotonic clock that continues while the host is suspended. */
  readonly now: () => number;
  /** Returns a new word each time, which no service has ever used. */
  readonly newTurn: () => string;
  /** Knows the other services; undefined if there are none. */
  readonly presence?: PresenceKeeper | undefined;
}

/** The number of released leases that are remembered, so that they need not be read again. */
const REMEMBERED = 50_000;
/** How long a service that ends waits for the answers to its releases, in milliseconds. */
export const LAST_WRITES = 3_000;

const NEVER = new AbortController().signal;
// Many leases may be renewed at once, each with a listener.
setMaxListeners(0, NEVER);

/**
 * The leases of this service, by lane. Each has the states of `LeaseState` and a runner while it is
 * held, being taken, or waited for.
 *
 * working -> draining (`drain`: no lease is kept during a pause) -> stopped (`close`, `stop`)
 */
export class LeaseKeeper implements Leases, LeasesView {
  readonly #options: LeaseKeeperOptions;
  readonly #runners = new Map<string, LeaseRunner>();
  /** The last reading of leases that this service does not need now. */
  readonly #seen = new RecentMap<Seen>(REMEMBERED);
  readonly #watch: LeaseWatch;
  readonly #alone: readonly string[];
  readonly #step = new SpreadStep();
  #tally = NOTHING_YET;
  #draining = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#alone = [options.holder];
    this.#watch = new LeaseWatch(options.directory, (lane, lease) =>
      this.#runners.get(lane)?.take({ got: 'observed', lease }),
    );
  }

  /** The number of leases that this service holds, takes, or waits for. */
  get size(): number {
    return this.#runners.size;
  }

  status(query: LeasesQuery): LeasesStatus {
    const { holder, killGrace, presence, now } = this.#options;
    const context = { holder, killGrace, now: now(), presences: presence?.presences };
    return surveyLeases(this.#states(), context, query);
  }

  tally(): LeaseTally {
    return this.#tally;
  }

  get mayTake(): boolean {
    return this.#options.presence?.mayClaim ?? true;
  }

  async untilMayTake(until: AbortSignal): Promise<void> {
    await this.#options.presence?.untilMayClaim(until);
  }

  get services(): readonly string[] {
    const { presence } = this.#options;
    return presence?.holders ?? this.#alone;
  }

  place(uid: string): number {
    return placeOf(this.#options.holder, laneOf(uid), this.services);
  }

  spread(uid: string): number {
    return spreadAt(this.place(uid), this.#step.value);
  }

  isHeld(uid: string): boolean {
    const state = this.#runners.get(laneOf(uid))?.state;
    return state !== undefined && mayWork(state, this.#options.now());
  }

  mayResume(uid: string): boolean {
    const state = this.#runners.get(laneOf(uid))?.state;
    return state !== undefined && mayResume(state, this.#options.now());
  }

  attempt(uid: string): number {
    const state = this.#runners.get(laneOf(uid))?.state;
    if (state?.at !== 'held') return 1;
    const { before } = state;
    return before.is === 'paused' || before.is === 'left' ? before.attempt : 1;
  }

  async take(uid: string, purpose: Omit<Purpose, 'since'>, until: AbortSignal): Promise<Taken> {
    until.throwIfAborted();
    const runner = this.#runnerOf(uid);
    // Services attempt one after another (see `spread`), and it is this service's turn now. A
    // refused attempt costs the server more than a read. So the lease is read first if another
    // service comes before this one. It is also read first for an account in work: what is
    // remembered of its lease is older than the claim.
    const lookFirst = purpose.inWork || this.place(uid) > 0;
    if (runner.state.at !== 'held') runner.take({ got: 'take', ...purpose, lookFirst }, 0);
    const taken = await this.#orGiveUp(
      runner,
      runner.until(until, (state) => this.#taken(state)),
    );
    return taken === 'lost' ? this.take(uid, purpose, until) : taken;
  }

  async untilHeld(uid: string, until: AbortSignal): Promise<void> {
    const runner = this.#runnerOf(uid);
    const isOver = (state: LeaseState) => mayWork(state, this.#options.now()) || state.at === 'lost';
    await this.#orGiveUp(
      runner,
      runner.until(until, (state) => isOver(state) || undefined),
    );
  }

  async untilTakeable(uid: string, until: AbortSignal): Promise<void> {
    const lane = laneOf(uid);
    const unwatch = this.#watch.add(lane);
    const runner = this.#runnerOf(uid);
    if (runner.state.at === 'waiting') this.release(uid, { to: 'free' });
    let timer: NodeJS.Timeout | undefined;
    try {
      await runner.until(until, (state) => {
        clearTimeout(timer);
        const left = this.#takeableIn(uid, state);
        if (left <= 0) return true;
        if (left < Infinity) timer = setTimeout(() => runner.tell(), left + 1);
        return undefined;
      });
    } finally {
      clearTimeout(timer);
      unwatch();
      this.#forgetIdle(lane, runner);
    }
  }

  async isSeenFree(uid: string, until: AbortSignal): Promise<boolean> {
    const lane = laneOf(uid);
    const unwatch = this.#watch.add(lane);
    const runner = this.#runnerOf(uid);
    let steps = -1;
    try {
      return await runner.until(until, (state) => {
        steps += 1;
        return steps === 0 ? undefined : isSeenFree(state);
      });
    } finally {
      unwatch();
      this.#forgetIdle(lane, runner);
    }
  }

  async renew(uid: string): Promise<boolean> {
    const runner = this.#runners.get(laneOf(uid));
    const state = runner?.state;
    if (runner === undefined || (state?.at !== 'held' && state?.at !== 'paused')) return false;
    const { lease } = state;
    if (state.at === 'paused') runner.take({ got: 'take', job: lease.job, inWork: true });
    else if (state.doing === 'resting') runner.take({ got: 'time' });
    const answer = runner.until(NEVER, (now) => {
      if (now.at !== 'held') return 'lost';
      return now.lease.text === lease.text ? undefined : 'renewed';
    });
    return (await answer.catch(() => 'lost')) === 'renewed';
  }

  forJob(uid: string): LeaseForJob {
    return leaseForJob(this.#runnerOf(uid), this.#options.now, this.#options.killGrace);
  }

  release(uid: string, release: Release): void {
    const { to } = release;
    const asked: Release = this.#draining && to === 'paused' ? { to: 'left', attempt: release.attempt } : release;
    this.#runners.get(laneOf(uid))?.take({ got: 'release', release: asked });
  }

  /** To be called when no new work is started. Leases of pauses are left to other services. */
  drain(): void {
    this.#draining = true;
    for (const runner of this.#runners.values()) {
      const kept = keptOver(runner.state);
      if (kept !== undefined) runner.take({ got: 'release', release: { to: 'left', attempt: kept.attempt } });
    }
  }

  async close(): Promise<void> {
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(new Error('the service ends')), LAST_WRITES);
    const isReleased = ({ at }: LeaseState) => (at === 'releasing' ? undefined : true);
    await Promise.allSettled([...this.#runners.values()].map((runner) => runner.until(ended.signal, isReleased)));
    clearTimeout(timer);
    this.stop();
    await this.#options.presence?.close();
  }

  /** Stops the watch and all runners, as at the end of the process. */
  stop(): void {
    this.#watch.stop();
    for (const runner of this.#runners.values()) runner.stop();
    this.#runners.clear();
  }

  *#states(): Generator<readonly [string, LeaseState]> {
    for (const [lane, { state }] of this.#runners) yield [lane, state];
  }

  /** Returns the result of `take`, once the state shows it. */
  #taken(state: LeaseState): Taken | 'lost' | undefined {
    const now = this.#options.now();
    if (state.at === 'lost') return 'lost';
    if (mayWork(state, now)) return { is: 'held' };
    if (state.at !== 'waiting' || state.seen === undefined || state.doing === 'reading') return undefined;
    const { seen, purpose } = state;
    const at = takeableAt(seen, purpose.inWork ? purpose.since : undefined, { ...this.#options, spread: 0 });
    return at > now ? { is: 'foreign', lease: seen.lease, duration: this.#options.duration } : undefined;
  }

  /**
   * Returns the time until this service may try to take a lease that it does not ask for now, in
   * milliseconds.
   */
  #takeableIn(uid: string, state: LeaseState): number {
    if (state.at !== 'none' || state.seen === undefined) return 0;
    const at = takeableAt(state.seen, undefined, { ...this.#options, spread: this.spread(uid) });
    return at - this.#options.now();
  }

  async #orGiveUp<T>(runner: LeaseRunner, taking: Promise<T>): Promise<T> {
    try {
      return await taking;
    } catch (error) {
      runner.take({ got: 'release', release: { to: 'free' } });
      throw error;
    }
  }

  #runnerOf(uid: string): LeaseRunner {
    const lane = laneOf(uid);
    const known = this.#runners.get(lane);
    if (known !== undefined) return known;
    const { directory, now, newTurn, holder, duration, killGrace } = this.#options;
    const context = () => ({ now: now(), turn: newTurn(), spread: this.spread(uid), holder, duration, killGrace });
    const observe = (step: LeaseStep): void => {
      this.#tally = tallyStep(this.#tally, step, holder);
      const { before, input } = step;
      if (before.at === 'taking' && before.doing === 'sending' && input.got === 'done') {
        this.#step.answered(now() - before.sent.sentAt);
      }
    };
    const stepped = (runner: LeaseRunner) => this.#forgetIdle(lane, runner);
    const runner = new LeaseRunner(lane, this.#seen.get(lane), { directory, now, context, observe, stepped });
    this.#runners.set(lane, runner);
    return runner;
  }

  #forgetIdle(lane: string, runner: LeaseRunner): void {
    const { state, isIdle } = runner;
    if (!isIdle || state.at !== 'none' || this.#watch.has(lane) || this.#runners.get(lane) !== runner) return;
    this.#runners.delete(lane);
    if (state.seen !== undefined) this.#seen.set(lane, state.seen);
  }
}
