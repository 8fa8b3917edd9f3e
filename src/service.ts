import { randomInt } from 'node:crypto';
import { catchError, EMPTY, ignoreElements, lastValueFrom, tap } from 'rxjs';
import type { Settings } from '../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { handlerRunner } from '../handlers/run-handler.ts';
import { hostObjection } from '../handlers/steps/host-users.ts';
import { accountMemory } from '../streams/accounts/account-memory.ts';
import type { Load } from '../streams/operators/group-per-uid.ts';
import { type PipelineDependencies, provisioning } from '../streams/pipeline.ts';
import type { ObserveStep } from '../streams/turn/steps.ts';
import { DirectoryBackoff } from './directory-backoff.ts';
import { DirectoryClock } from './domain/directory-clock.ts';
import type { Report } from './domain/event.ts';
import { TOKEN_DAYS, tokenDay } from './domain/fence.ts';
import { readAccount } from './domain/read-account.ts';
import { ReturnCode } from './domain/return-code.ts';
import { stateTimestamp } from './domain/timestamp.ts';
import type { Connection } from './ldap/connection.ts';
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
export function createService(options: ServiceOptions): Service {
  const { settings, report, notice } = options;
  const lifecycle = new ServiceLifecycle();
  const load: Load = { running: 0, waiting: 0 };
  const handlers = createHandlers(options);
  const knowledge = createKnowledge(settings, handlers.longestMilliseconds);
  const directory = createDirectory(options, knowledge, lifecycle);

  const dependencies = dependenciesOf(options, { lifecycle, load, handlers, knowledge, directory });
  const stream$ = provisioning(directory.changes$, dependencies).pipe(
    ignoreElements(),
    catchError((error: unknown) => {
      notice(`the stream failed, which is a bug: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      lifecycle.stop(ReturnCode.UNDEFINED_ERROR, error);
      return EMPTY;
    }),
  );

  return {
    run: async () => {
      await lastValueFrom(stream$, { defaultValue: undefined });
      directory.close();
      await handlers.close();
      const { exitCode } = lifecycle;
      report({ event: 'stopped', exitCode });
      return exitCode;
    },
    drain: () => {
      if (lifecycle.stopped.aborted) return;
      const { running: inWork, waiting: queued } = load;
      const { grace } = settings.shutdown;
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

/** What is known besides the entries: the directory's time and the open accounts. */
function createKnowledge({ instances, retry, directory }: Settings, longestHandlerMilliseconds: number) {
  const clock = new DirectoryClock(monotonic, () => Date.now());
  const directoryTime = () => clock.now();
  const open = accountMemory({
    instances,
    longestHandlerMilliseconds,
    retry,
    behindAfterMilliseconds: directory.behindAfter,
    monotonic,
    directoryTime,
  });
  return { clock, directoryTime, open };
}

type Knowledge = ReturnType<typeof createKnowledge>;

/** The subscription, the lists and the operations, by whose responses the clock is set. */
function createDirectory(options: ServiceOptions, { clock, open }: Knowledge, lifecycle: ServiceLifecycle) {
  const { settings, env, notice, admit } = options;
  const backoff = new DirectoryBackoff(settings.reconnect);
  const { operations, changes$ } = watchedDirectory({
    settings,
    access: accessOf(settings, env),
    notice,
    admit,
    connected: () => backoff.wake(),
    isBehind: () => open.versions.isBehind,
    abort: lifecycle.stopped,
    drain$: lifecycle.drain$,
  });
  return {
    backoff,
    changes$: changes$.pipe(tap((change) => clock.takeChange(change))),
    operations: clock.observing(operations),
    close: () => operations.close(),
  };
}

interface Parts {
  readonly lifecycle: ServiceLifecycle;
  readonly load: Load;
  readonly handlers: ReturnType<typeof createHandlers>;
  readonly knowledge: Knowledge;
  readonly directory: ReturnType<typeof createDirectory>;
}

/** The dependencies of the stream. */
function dependenciesOf(
  { settings, report, dryRun, observeStep = () => {} }: ServiceOptions,
  { lifecycle, load, handlers, knowledge, directory }: Parts,
): PipelineDependencies {
  const { attributes: names, accounts, instances, retry, concurrency } = settings;
  const { longestMilliseconds, getent } = handlers;
  const { stopped: signal } = lifecycle;
  const { open, directoryTime } = knowledge;
  const rules = rulesOf(settings);
  return {
    ...decisionMaker(settings, longestMilliseconds, directoryTime, open, observeStep),
    observeStep,
    names,
    alone: instances === 'one',
    readEntry: (entry) => readAccount(entry, names, rules),
    readStanding: (entry) => readAccount(entry, names, null),
    objection: hostObjection({ rules: accounts, signal, getent }),
    open,
    directory: directory.operations,
    away: directory.backoff,
    runHandler: handlers.run,
    longestHandlerMilliseconds: longestMilliseconds,
    retry,
    concurrency,
    load,
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
