import { randomInt } from 'node:crypto';
import { catchError, EMPTY, ignoreElements, lastValueFrom, type Observable, Subject, tap } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import { hostObjection } from '../../handlers/steps/host-users.ts';
import { accountMemory } from '../../streams/accounts/account-memory.ts';
import type { LeftAccounts } from '../../streams/accounts/left-accounts.ts';
import type { OpenAccounts } from '../../streams/accounts/open-accounts.ts';
import { AccountsInStream } from '../../streams/accounts-in-stream.ts';
import type { Candidate } from '../../streams/candidate.ts';
import type { Gate } from '../../streams/gate.ts';
import { LAST_WRITES } from '../../streams/leases/lease-keeper.ts';
import { type Leases, NO_LEASES } from '../../streams/leases/leases.ts';
import { type PipelineDependencies, provisioning } from '../../streams/pipeline.ts';
import type { ObservePureStep } from '../../streams/turn/pure-steps.ts';
import type { AccountsView } from '../domain/condition.ts';
import type { Control } from '../domain/control.ts';
import type { Report, StreamEvent } from '../domain/event.ts';
import { TOKEN_DAYS, tokenDay } from '../domain/fence.ts';
import type { Holder } from '../domain/lease.ts';
import type { LeasesView } from '../domain/lease-status.ts';
import type { Pause } from '../domain/pause.ts';
import { readAccount } from '../domain/read-account.ts';
import { longestPause } from '../domain/retry.ts';
import { ReturnCode } from '../domain/return-code.ts';
import type { CanaryStatus } from '../domain/status.ts';
import { stateTimestamp } from '../domain/timestamp.ts';
import type { Connection } from '../ldap/connection.ts';
import { DirectoryBackoff } from '../ldap/directory-backoff.ts';
import { createControl } from './control.ts';
import { createGate, isAllPaused, obey } from './gate.ts';
import { createHandlers } from './handlers.ts';
import { createLeases } from './leases.ts';
import { ServiceLifecycle } from './lifecycle.ts';
import { createCanary, withCanary } from './open-canary.ts';
import { createLeft } from './report-left.ts';
import { accessOf, decisionMaker, rulesOf } from './site.ts';
import { watchedDirectory } from './watched-directory.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
  /** The events that are reported, hot. */
  readonly events$: Observable<StreamEvent>;
  /** Called with a sentence about a fault of the service itself, not of an account. */
  readonly notice: (message: string) => void;
  readonly dryRun: boolean;
  /** The holder as which this service takes leases; undefined with `instances: one`. */
  readonly holder?: Holder | undefined;
  /** A connection is used only after this has resolved for it. */
  readonly admit?: ((connection: Connection) => Promise<void>) | undefined;
  /** Called with each pure step that is taken for an account. Default: nothing is called. */
  readonly observePureStep?: ObservePureStep | undefined;
}

/**
 * The service.
 *
 * States: made -> running (`run`) -> draining (`drain`) -> stopped (nothing runs any more).
 * `stopNow`, or a bug in the stream, leads to stopped from any state.
 */
export interface Service {
  /** The accounts that the service holds. */
  readonly accounts: AccountsView;
  /** The state of the canary; undefined if there is none. */
  readonly canary: (() => CanaryStatus) | undefined;
  /** The leases of the service; undefined if it needs none. */
  readonly leases: LeasesView | undefined;
  /** The pauses of the service, the oldest first. */
  readonly pauses: () => readonly Pause[];
  /** Takes the orders of operators, except `reload`; undefined in a dry run. */
  readonly control: Omit<Control, 'reload'> | undefined;
  /** Applies other settings to further turns, as far as `config/reload.ts` allows. */
  use(settings: Settings): void;
  /** The longest time that a handler may take, in milliseconds. */
  longestMilliseconds(): number;
  /** Runs until it is stopped. Resolves to the exit code of the process. */
  run(): Promise<number>;
  /** Starts no new work. Running work may continue for the grace period. */
  drain(): void;
  /** Ends running work at once; the next start resumes it. `exitCode` is not 0 for a fault. */
  stopNow(exitCode?: number): void;
}

/** The clock that all parts share: monotonic, in milliseconds. */
const monotonic = (): number => performance.now();

/**
 * Creates the service from all its parts. Only this function knows all of them. Nothing runs before
 * `run`.
 *
 * It first creates the lifecycle, the handlers, the memory of accounts and the directory. Then it
 * creates the stream, which uses them, and the interface of the service.
 */
export function createService(serviceOptions: ServiceOptions): Service {
  const report: Report = (event) => {
    serviceOptions.report(event);
    canary?.observe(event);
  };
  const options = { ...serviceOptions, report };
  const { events$, notice } = options;
  let { settings } = options;
  const lifecycle = new ServiceLifecycle();
  const accounts = new AccountsInStream(settings.concurrency, () => Date.now());
  const gate = createGate(options);
  const handlers = createHandlers({ settings, notice, monotonic });
  const open = createMemory(settings, () => handlers.longestMilliseconds() + longestPause(settings.retry));
  const directory = createDirectory(options, open, lifecycle);
  const leases = createLeases(options, directory.operations, lifecycle, jobIds());

  const settled$ = new Subject<Candidate>();
  const left = createLeft(settings, report, directory.operations, monotonic);
  const parts = {
    ...{ lifecycle, accounts, gate, settled$, handlers, open, directory, left },
    leases: leases?.keeper ?? NO_LEASES,
  };
  const means = { directory: directory.operations, notice, now: () => Date.now(), monotonic };
  const canary = options.dryRun ? undefined : createCanary(settings, { ...means, paused: () => isAllPaused(gate) });
  const dependencies = withCanary(canary, { ...dependenciesOf(options, parts), retry: () => settings.retry });
  const changes$ = directory.changes$.pipe(
    tap((change) => {
      if (change.kind === 'connected') leases?.connected();
      if (change.kind === 'refreshed') canary?.refreshed();
    }),
  );
  let interrupted = 0;
  const stream$ = provisioning(changes$, dependencies).pipe(
    tap((result) => {
      if (result.at === 'done' && result.interrupted) interrupted += 1;
    }),
    ignoreElements(),
    catchError((error: unknown) => {
      notice(`the stream failed, which is a bug: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      lifecycle.stop(ReturnCode.UNDEFINED_ERROR, error);
      return EMPTY;
    }),
  );

  return {
    accounts,
    leases: leases?.keeper,
    canary: canary === undefined ? undefined : () => canary.status(),
    pauses: () => gate.pauses(),
    control: options.dryRun
      ? undefined
      : createControl({
          ...{ gate, accounts, events$ },
          draining: lifecycle.draining,
          settle: (one) => settled$.next(one),
        }),
    use: (next) => {
      settings = next;
      handlers.use(next);
      accounts.resize(next.concurrency);
    },
    longestMilliseconds: handlers.longestMilliseconds,
    run: async () => {
      const obeying = obey(options, gate, directory);
      canary?.start();
      await lastValueFrom(stream$, { defaultValue: undefined });
      canary?.stop();
      left.close();
      obeying.unsubscribe();
      directory.close();
      await handlers.close();
      const exitCode = lifecycle.exitCode || (interrupted > 0 ? ReturnCode.UNDEFINED_ERROR : ReturnCode.SUCCESS);
      report({ event: 'stopped', exitCode, interrupted });
      return exitCode;
    },
    drain: () => {
      if (lifecycle.stopped.aborted) return;
      const { works: inWork, waits: queued } = accounts.lanes;
      const { grace } = settings.shutdown;
      canary?.stop();
      report({ event: 'draining', inWork, queued, graceMilliseconds: grace });
      lifecycle.drain(grace);
    },
    stopNow: (exitCode = ReturnCode.SUCCESS) => lifecycle.stop(exitCode, new Error('told to stop at once')),
  };
}

/** Creates the memory of the open accounts. */
function createMemory({ instances, directory }: Settings, longestMilliseconds: () => number) {
  return accountMemory({
    instances,
    longestMilliseconds,
    behindAfterMilliseconds: directory.behindAfter,
    monotonic,
  });
}

/** Creates the subscription, the lists and the operations, with their backoff. */
function createDirectory(options: ServiceOptions, open: OpenAccounts, lifecycle: ServiceLifecycle) {
  const { settings, env, notice, admit } = options;
  const backoff = new DirectoryBackoff(settings.reconnect);
  const { operations, changes$, protocol$, switch$ } = watchedDirectory({
    settings,
    access: accessOf(settings, env),
    notice,
    admit,
    connected: () => backoff.wake(),
    isBehind: () => open.versions.isBehind,
    abort: endOfConnection(options, lifecycle),
    drain$: lifecycle.drain$,
  });
  return {
    backoff,
    changes$,
    protocol$,
    switch$,
    operations,
    close: () => operations.close(),
  };
}

/**
 * The signal that ends the connection to the directory. Under leases the connection stays open for
 * a moment after the stop, so that the service can leave interrupted accounts to other services.
 */
function endOfConnection({ settings: { instances } }: ServiceOptions, { stopped }: ServiceLifecycle): AbortSignal {
  if (instances === 'one') return stopped;
  const end = new AbortController();
  stopped.addEventListener('abort', () => setTimeout(() => end.abort(stopped.reason), LAST_WRITES).unref());
  return end.signal;
}

interface Parts {
  readonly lifecycle: ServiceLifecycle;
  readonly accounts: AccountsInStream;
  readonly gate: Gate;
  readonly settled$: Observable<Candidate>;
  readonly handlers: ReturnType<typeof createHandlers>;
  readonly open: OpenAccounts;
  readonly directory: ReturnType<typeof createDirectory>;
  readonly left: LeftAccounts;
  readonly leases: Leases;
}

/** The dependencies of the stream. */
function dependenciesOf(
  { settings, report, dryRun, observePureStep = () => {} }: ServiceOptions,
  { lifecycle, accounts, gate, settled$, handlers, open, directory, left, leases }: Parts,
): Omit<PipelineDependencies, 'retry'> {
  const { attributes: names, instances } = settings;
  const { getent } = handlers;
  const { stopped: signal } = lifecycle;
  const rules = rulesOf(settings);
  return {
    ...decisionMaker(settings, open, observePureStep),
    observePureStep,
    names,
    underLeases: instances === 'several',
    leases,
    readEntry: (entry) => readAccount(entry, names, rules),
    readStanding: (entry) => readAccount(entry, names, null),
    objection: hostObjection({ rules: settings.accounts, signal, getent }),
    open,
    accounts,
    gate,
    settled$,
    left,
    now: () => Date.now(),
    directory: directory.operations,
    away: directory.backoff,
    runHandler: handlers.run,
    dryRun,
    report,
    signal,
    draining: lifecycle.draining,
    drain$: lifecycle.drain$,
    nextJobId: jobIds(),
    newToken: () => tokenDay(randomInt(TOKEN_DAYS)),
    stateNow: () => stateTimestamp(new Date()),
    monotonic,
  };
}

/**
 * Returns a function that creates job ids. They are unique within a run of the service, and almost
 * certainly across all runs.
 */
function jobIds(): () => string {
  const run = Math.random().toString(36).slice(2, 6);
  let count = 0;
  return () => `${run}-${++count}`;
}
