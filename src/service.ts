import { randomInt } from 'node:crypto';
import { uptime } from 'node:os';
import { catchError, EMPTY, ignoreElements, lastValueFrom, tap } from 'rxjs';
import type { Settings } from '../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { handlerRunner } from '../handlers/run-handler.ts';
import { hostObjection } from '../handlers/steps/host-users.ts';
import { accountMemory } from '../streams/accounts/account-memory.ts';
import type { LeftAccounts } from '../streams/accounts/left-accounts.ts';
import type { OpenAccounts } from '../streams/accounts/open-accounts.ts';
import { AccountsInStream } from '../streams/accounts-in-stream.ts';
import { LAST_WRITES, LeaseKeeper } from '../streams/leases/lease-keeper.ts';
import { type Leases, NO_LEASES } from '../streams/leases/leases.ts';
import { PresenceKeeper } from '../streams/leases/presence-keeper.ts';
import { type PipelineDependencies, provisioning } from '../streams/pipeline.ts';
import type { ObserveStep } from '../streams/turn/steps.ts';
import { DirectoryBackoff } from './directory-backoff.ts';
import type { AccountsView } from './domain/condition.ts';
import type { Report } from './domain/event.ts';
import { TOKEN_DAYS, tokenDay } from './domain/fence.ts';
import { type Holder, holderWord } from './domain/lease.ts';
import type { LeasesView } from './domain/lease-status.ts';
import { presenceName } from './domain/presence.ts';
import { readAccount } from './domain/read-account.ts';
import { ReturnCode } from './domain/return-code.ts';
import type { CanaryStatus } from './domain/status.ts';
import { stateTimestamp } from './domain/timestamp.ts';
import type { Connection } from './ldap/connection.ts';
import { leaseStore } from './ldap/lease-store.ts';
import type { DirectoryOperations } from './ldap/operations.ts';
import { createCanary, withCanary } from './open-canary.ts';
import { createLeft } from './report-left.ts';
import { runCommand } from './script/command.ts';
import { createLookups } from './script/lookups.ts';
import { createScriptRunner } from './script/script-runner.ts';
import { ServiceLifecycle } from './service-lifecycle.ts';
import { accessOf, decisionMaker, rulesOf, siteOf } from './site.ts';
import { watchedDirectory } from './watched-directory.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
  /** Called with a sentence about a fault of the service itself, not of an account. */
  readonly notice: (message: string) => void;
  readonly dryRun: boolean;
  /** Who this service is as the holder of leases; undefined with `instances: one`. */
  readonly holder?: Holder | undefined;
  /** A connection is used only after this has resolved for it. */
  readonly admit?: ((connection: Connection) => Promise<void>) | undefined;
  /** Is told each step that is taken for an account; default: nobody is. */
  readonly observeStep?: ObserveStep | undefined;
}

/**
 * The service.
 *
 * States: made -> running (`run`) -> draining (`drain`) -> stopped (nothing runs any more).
 * `stopNow`, or a bug in the stream, leads to stopped from any state.
 */
export interface Service {
  /** The accounts that it holds. */
  readonly accounts: AccountsView;
  /** How its canary does; undefined if it has none. */
  readonly canary: (() => CanaryStatus) | undefined;
  /** Its leases; undefined if it needs none. */
  readonly leases: LeasesView | undefined;
  /** Runs until it is told to stop. Resolves to the exit code of the process. */
  run(): Promise<number>;
  /** Starts no new work. Running work may continue for the grace period. */
  drain(): void;
  /** Ends running work at once; the next start resumes it. `exitCode` is not 0 for a fault. */
  stopNow(exitCode?: number): void;
}

/** The clock that all parts share: monotonic, in milliseconds. */
const monotonic = (): number => performance.now();

/**
 * Puts the service together. This is the only place that knows all parts. Nothing runs before
 * `run`.
 *
 * It makes the parts first: the lifecycle of the service, the handlers, the memory of accounts, and
 * the directory. Then it makes the stream, which uses all of them, and the interface of the
 * service.
 */
export function createService(given: ServiceOptions): Service {
  const report: Report = (event) => {
    given.report(event);
    canary?.observe(event);
  };
  const options = { ...given, report };
  const { settings, notice } = options;
  const lifecycle = new ServiceLifecycle();
  const accounts = new AccountsInStream(settings.concurrency, () => Date.now());
  const handlers = createHandlers(options);
  const open = createMemory(settings, handlers.longestMilliseconds);
  const directory = createDirectory(options, open, lifecycle);
  const leases = createLeases(options, directory.operations, lifecycle);

  const left = createLeft(settings, report, directory.operations, monotonic);
  const parts = { lifecycle, accounts, handlers, open, directory, left, leases: leases?.keeper ?? NO_LEASES };
  const means = { directory: directory.operations, notice, now: () => Date.now(), monotonic };
  const canary = options.dryRun ? undefined : createCanary(settings, means);
  const dependencies = withCanary(canary, dependenciesOf(options, parts));
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
    run: async () => {
      canary?.start();
      await lastValueFrom(stream$, { defaultValue: undefined });
      canary?.stop();
      left.close();
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

/** What is done to an account: the handlers of this site, and what they use on this host. */
function createHandlers({ settings, notice }: ServiceOptions) {
  const handlers = handlersOf(settings, siteOf(settings));
  const { script, directory } = settings;
  const scripts = createScriptRunner({ launcher: script.launcher, base: directory.base, onNotice: notice });
  const { getent, close } = createLookups({ launcher: script.launcher, onNotice: notice });
  return {
    run: handlerRunner(handlers, { scripts, getent, runCommand }, monotonic),
    longestMilliseconds: longestHandlerMilliseconds(handlers),
    getent,
    close: () => {
      close();
      return scripts.close();
    },
  };
}

/** What is remembered of the open accounts. */
function createMemory({ instances, retry, directory }: Settings, longestHandlerMilliseconds: number) {
  return accountMemory({
    instances,
    longestHandlerMilliseconds,
    retry,
    behindAfterMilliseconds: directory.behindAfter,
    monotonic,
  });
}

/** The subscription, the lists and the operations. */
function createDirectory(options: ServiceOptions, open: OpenAccounts, lifecycle: ServiceLifecycle) {
  const { settings, env, notice, admit } = options;
  const backoff = new DirectoryBackoff(settings.reconnect);
  const { operations, changes$ } = watchedDirectory({
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
    operations,
    close: () => operations.close(),
  };
}

/** The leases of this service; with `instances: one` there are none. */
function createLeases(
  { settings, holder, dryRun, notice }: ServiceOptions,
  operations: DirectoryOperations,
  { drain$ }: ServiceLifecycle,
) {
  const { leases, script } = settings;
  if (holder === undefined || leases.base === null || dryRun) return undefined;
  const common = {
    directory: leaseStore(operations, leases.base),
    holder: holderWord(holder),
    now: () => uptime() * 1_000,
    newTurn: jobIds(),
  };
  const presence = new PresenceKeeper({ ...common, name: presenceName(holder), notice });
  const keeper = new LeaseKeeper({ ...common, duration: leases.duration, killGrace: script.killGrace, presence });
  drain$.subscribe(() => keeper.drain());
  return {
    keeper,
    connected: () => presence.connected(),
  };
}

/**
 * Aborted when the connection to the directory has to end. Under leases it stays for a moment after
 * the stop, so that what is interrupted can be left to other services.
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
  readonly handlers: ReturnType<typeof createHandlers>;
  readonly open: OpenAccounts;
  readonly directory: ReturnType<typeof createDirectory>;
  readonly left: LeftAccounts;
  readonly leases: Leases;
}

/** The dependencies of the stream. */
function dependenciesOf(
  { settings, report, dryRun, observeStep = () => {} }: ServiceOptions,
  { lifecycle, accounts, handlers, open, directory, left, leases }: Parts,
): PipelineDependencies {
  const { attributes: names, instances, retry } = settings;
  const { getent } = handlers;
  const { stopped: signal } = lifecycle;
  const rules = rulesOf(settings);
  return {
    ...decisionMaker(settings, open, observeStep),
    observeStep,
    names,
    underLeases: instances === 'several',
    leases,
    readEntry: (entry) => readAccount(entry, names, rules),
    readStanding: (entry) => readAccount(entry, names, null),
    objection: hostObjection({ rules: settings.accounts, signal, getent }),
    open,
    accounts,
    left,
    now: () => Date.now(),
    directory: directory.operations,
    away: directory.backoff,
    runHandler: handlers.run,
    retry,
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

/** Makes ids that are unique in a run of the service, and almost certainly in all runs. */
function jobIds(): () => string {
  const run = Math.random().toString(36).slice(2, 6);
  let count = 0;
  return () => `${run}-${++count}`;
}
