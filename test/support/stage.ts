import { setMaxListeners } from 'node:events';
import { merge, ReplaySubject, Subject, type Subscription } from 'rxjs';
import type { AccountRecord, AttributeNames, EntryReading } from '../../src/domain/account.ts';
import type { BrakeRules } from '../../src/domain/brake.ts';
import { decide } from '../../src/domain/decide.ts';
import type { AccountDirectory } from '../../src/domain/directory.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import { TOKEN_DAYS, tokenDay } from '../../src/domain/fence.ts';
import type { HandlerOutcome, Job, RunHandler } from '../../src/domain/job.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import { backoff, longestPause } from '../../src/domain/retry.ts';
import { stateTimestamp } from '../../src/domain/timestamp.ts';
import { accountMemory } from '../../streams/accounts/account-memory.ts';
import { identityOf } from '../../streams/accounts/identity.ts';
import { LeftAccounts } from '../../streams/accounts/left-accounts.ts';
import type { OpenAccounts } from '../../streams/accounts/open-accounts.ts';
import { AccountsInStream } from '../../streams/accounts-in-stream.ts';
import type { Candidate } from '../../streams/candidate.ts';
import { Gate } from '../../streams/gate.ts';
import type { LeaseKeeper } from '../../streams/leases/lease-keeper.ts';
import { type Leases, NO_LEASES } from '../../streams/leases/leases.ts';
import { reconnect } from '../../streams/operators/reconnect.ts';
import { type PipelineDependencies, provisioning } from '../../streams/pipeline.ts';
import { reconcile } from '../../streams/reconcile.ts';

import type { PureStep } from '../../streams/turn/pure-steps.ts';
import type { TurnDependencies } from '../../streams/turn-dependencies.ts';
import { NAMES, RULES } from './accounts.ts';

import type { MemoryDirectory } from './memory-directory.ts';
import { replayed } from './replayed.ts';
import { stageLeases } from './stage-leases.ts';

/** Makes tokens and holders unique among the services of a test. */
let tokens = 0;
let services = 0;

export const SUCCEEDED: HandlerOutcome = { ok: true, timings: [{ name: 'script', milliseconds: 12 }] };

export function failed(returnValue: number): HandlerOutcome {
  return {
    ok: false,
    timings: [{ name: 'script', milliseconds: 12 }],
    step: 'script',
    returnValue,
    reason: `the script ended with ${returnValue}`,
    retry: returnValue === 75 ? 'temporary' : 'script',
    aborted: false,
  };
}

export interface StageOptions {
  readonly directory: MemoryDirectory;
  readonly runHandler?: RunHandler;
  /** Default: those of `LeaseKeeper`, with several instances. */
  readonly leases?: Leases;
  readonly names?: AttributeNames;
  readonly instances?: 'one' | 'several';
  /** The name of the service as the holder of leases. Default: a new one. */
  readonly holder?: string;
  readonly longestHandlerMilliseconds?: number;
  readonly today?: () => string;
  readonly attempts?: number;
  readonly concurrency?: number;
  /** Default: deletes are not counted. */
  readonly brake?: BrakeRules;
  /** Returns the objection of the host's user database to a uid, if any. */
  readonly objection?: (uid: string) => string | undefined;
  readonly dryRun?: boolean;
  readonly reconcileMilliseconds?: number;
  /** Called with each event. */
  readonly told?: (event: StreamEvent) => void;
}

/**
 * The dependencies of the stream, with the directory in memory and the clock of `Date`, which a
 * test may fake.
 */
export class Stage {
  readonly events: StreamEvent[] = [];
  readonly jobs: Job[] = [];
  readonly steps: PureStep[] = [];
  #lastJob = 0;
  readonly open: OpenAccounts;
  readonly accounts: AccountsInStream;
  readonly gate: Gate;
  readonly settled$ = new Subject<Candidate>();
  readonly left: LeftAccounts;
  readonly drain$ = new ReplaySubject<void>(1);
  readonly abort = new AbortController();
  readonly draining = new AbortController();
  readonly dependencies: PipelineDependencies;
  readonly #options: StageOptions;
  #subscription: Subscription | undefined;
  #killed = false;
  #isCutOff = false;
  readonly holder: string;
  readonly #keeper: LeaseKeeper | undefined;
  /** `complete` after a drain; otherwise an error, which shows a bug. */
  ended: unknown;

  constructor(options: StageOptions) {
    const { directory, names = NAMES, instances = 'one', attempts = 3 } = options;
    this.#options = options;
    this.holder = options.holder ?? `service-${++services}/0/boot`;
    const longestHandlerMilliseconds = options.longestHandlerMilliseconds ?? 60_000;
    const monotonic = () => Date.now();
    const retry = {
      temporary: { attempts, initial: 5_000, max: 20_000 },
      script: { attempts: 1, initial: 5_000, max: 20_000 },
    };
    const open = accountMemory({
      instances,
      longestMilliseconds: () => longestHandlerMilliseconds + longestPause(retry),
      behindAfterMilliseconds: 300_000,
      monotonic,
    });
    this.#keeper =
      instances === 'one' || options.leases !== undefined
        ? undefined
        : stageLeases(this.holder, directory.leaseClient(), (answer) => this.#unlessKilled(answer));
    this.open = open;
    this.accounts = new AccountsInStream(options.concurrency ?? 4, monotonic);
    const report = (event: StreamEvent): void => {
      this.events.push(event);
      options.told?.(event);
    };
    this.gate = new Gate(report, monotonic, options.brake);
    // The lifecycle of the service does the same.
    setMaxListeners(0, this.abort.signal, this.draining.signal);
    this.abort.signal.addEventListener('abort', () => this.draining.abort());
    const readEntry = (entry: DirectoryEntry): EntryReading => readAccount(entry, names, RULES);
    const today = options.today ?? (() => '20261123');
    const readStanding = (entry: DirectoryEntry): EntryReading => readAccount(entry, names, null);
    this.left = new LeftAccounts({
      locate: async (_, uuid) =>
        directory.entries().find((entry) => entry.values('entryUUID')[0]?.toString('utf8') === uuid),
      readEntry: readStanding,
      report,
      monotonic,
    });
    this.dependencies = {
      directory: this.#mortal(directory.client()),
      names,
      underLeases: instances === 'several',
      leases: options.leases ?? this.#keeper ?? NO_LEASES,
      readEntry,
      readStanding,
      left: this.left,
      objection: ({ uid }) => Promise.resolve(options.objection?.(uid)),
      decideNow: (record, purpose) => {
        const circumstances = {
          othersTimeLeft: open.othersTimeLeft(record),
          behindTimeLeft: open.behindTimeLeft(record),
          today: today(),
        };
        const next = decide(record, { names, ...circumstances });
        this.steps.push({ step: 'decide', uid: record.uid, purpose, record, circumstances, next });
        return next;
      },
      observePureStep: (step) => void this.steps.push(step),
      open,
      accounts: this.accounts,
      newToken: () => tokenDay(tokens++ % TOKEN_DAYS),
      runHandler: (job, context) => {
        this.jobs.push(job);
        return options.runHandler === undefined ? Promise.resolve(SUCCEEDED) : options.runHandler(job, context);
      },
      retry: () => retry,
      report,
      gate: this.gate,
      settled$: this.settled$,
      away: {
        delay: (failures) => backoff(failures, { initial: 100, max: 5_000 }),
        wait: (milliseconds, until) => this.#wait(milliseconds, until),
      },
      signal: this.abort.signal,
      draining: this.draining.signal,
      nextJobId: () => `job-${++this.#lastJob}`,
      now: monotonic,
      monotonic,
      stateNow: () => stateTimestamp(new Date(Date.now())),
      today,
      drain$: this.drain$,
      dryRun: options.dryRun ?? false,
    };
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.accounts.lanes.works, waiting: this.accounts.lanes.waits };
  }

  /** The dependencies of the stages of a turn. */
  get turnDependencies(): TurnDependencies {
    return { ...this.dependencies, fencing: () => this.#options.directory.fencing };
  }

  /** Runs the whole pipeline on the directory's changes and lists. */
  run(): Subscription {
    const { directory, reconcileMilliseconds = 60_000 } = this.#options;
    const subscription$ = reconnect({
      urls: ['ldap://memory'],
      connect: () => directory.watch(),
      initial: 100,
      max: 2_000,
      random: () => 0,
    });
    const lists$ = reconcile({
      interval: reconcileMilliseconds,
      list: (entry) => directory.list(entry),
      failed: () => {},
    });
    this.#subscription = provisioning(merge(subscription$, lists$), this.dependencies).subscribe({
      error: (error) => {
        this.ended = error;
      },
      complete: () => {
        this.ended = 'complete';
      },
    });
    return this.#subscription;
  }

  /**
   * Ends like a killed process: its requests may still be carried out, but it does nothing more.
   */
  kill(): void {
    this.#killed = true;
    this.#subscription?.unsubscribe();
    this.#keeper?.stop();
    this.abort.abort(new Error('killed'));
  }

  get killed(): boolean {
    return this.#killed;
  }

  /** A candidate for an account, as if the subscription had just reported it. */
  candidate(entry: DirectoryEntry, ownWork?: Candidate['ownWork']): Candidate {
    const record = this.record(entry);
    const id = identityOf(record);
    return { id, record, fresh: ownWork === undefined, ...(ownWork === undefined ? {} : { ownWork }) };
  }

  record(entry: DirectoryEntry): AccountRecord {
    const reading = this.dependencies.readEntry(entry);
    if (reading.kind !== 'account') throw new Error(`not an account: ${reading.reason}`);
    return reading.record;
  }

  /** The result of replaying a recording of this service. */
  replayed(): ReturnType<typeof replayed> {
    const { names } = this.dependencies;
    const retry = this.dependencies.retry();
    const { instances = 'one' } = this.#options;
    return replayed(this.steps, { attributes: names, accounts: RULES, instances, retry });
  }

  /** The events' names in order. */
  get told(): string[] {
    return this.events.map(({ event }) => event);
  }

  /** A client whose operations never settle once the service is killed. */
  #mortal(client: AccountDirectory): AccountDirectory {
    return {
      modify: (dn, ...how) => this.#unlessKilled(() => client.modify(dn, ...how)),
      read: (dn) => this.#unlessKilled(() => client.read(dn)),
      find: (uuid) => this.#unlessKilled(() => client.find(uuid)),
    };
  }

  /** No request reaches the directory any more, until `connect`. */
  cutOff(): void {
    this.#isCutOff = true;
  }

  connect(): void {
    this.#isCutOff = false;
  }

  async #unlessKilled<T>(answer: () => Promise<T>): Promise<T> {
    if (this.#isCutOff) throw new DirectoryError('no answer');
    if (this.#killed) return new Promise<never>(() => {});
    try {
      return await answer();
    } finally {
      if (this.#killed) await new Promise<never>(() => {});
    }
  }

  #wait(milliseconds: number, until: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(until.reason);
      };
      const timer = setTimeout(() => {
        until.removeEventListener('abort', stop);
        resolve();
      }, milliseconds);
      until.addEventListener('abort', stop);
      if (until.aborted) stop();
    });
  }

  /** Drains as at SIGTERM. */
  drain(): void {
    this.draining.abort();
    this.drain$.next();
    this.#keeper?.drain();
  }

  /** The number of leases that the service has, asks for, or waits for. */
  get leases(): number {
    return this.#keeper?.size ?? 0;
  }

  /** Resolves when the leases are released. */
  close(): Promise<void> {
    return this.#keeper?.close() ?? Promise.resolve();
  }
}
