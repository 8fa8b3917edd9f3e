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
import { DirectoryClock } from './domain/directory-clock.ts';
import type { Report } from './domain/event.ts';
import { TOKEN_DAYS, tokenDay } from './domain/fence.ts';
import { readAccount } from './domain/read-account.ts';
import { ReturnCode } from './domain/return-code.ts';
import { stateTimestamp } from './domain/timestamp.ts';
import type { Connection } from './ldap/connection.ts';
import { DirectoryPatience } from './patience.ts';
import { runCommand } from './script/command.ts';
import { createScriptRunner } from './script/script-runner.ts';
import { ServiceLife } from './service-life.ts';
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
 * It makes the parts first: the life of the service, the handlers, the memory of accounts, and the
 * directory. Then it makes the stream, which uses all of them, and the interface of the service.
 */
export function createService(options: ServiceOptions): Service {
  const { settings, report, notice } = options;
  const life = new ServiceLife();
  const load: Load = { running: 0, waiting: 0 };
  const handlers = handlersAtWork(options);
  const knowledge = knowledgeOf(settings, handlers.longestMilliseconds);
  const directory = directoryInUse(options, knowledge, life);

  const surroundings = surroundingsOf(options, { life, load, handlers, knowledge, directory });
  const stream$ = provisioning(directory.changes$, surroundings).pipe(
    ignoreElements(),
    catchError((error: unknown) => {
      notice(`the stream failed, which is a bug: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      life.stop(ReturnCode.UNDEFINED_ERROR, error);
      return EMPTY;
    }),
  );

  return {
    run: async () => {
      await lastValueFrom(stream$, { defaultValue: undefined });
      directory.close();
      await handlers.close();
      const { exitCode } = life;
      report({ event: 'stopped', exitCode });
      return exitCode;
    },
    drain: () => {
      if (life.stopped.aborted) return;
      const { running: inWork, waiting: queued } = load;
      const { grace } = settings.shutdown;
      report({ event: 'draining', inWork, queued, graceMilliseconds: grace });
      life.drain(grace);
    },
    stopNow: (exitCode = ReturnCode.SUCCESS) => life.stop(exitCode, new Error('told to stop at once')),
  };
}

/** What is done to an account: the handlers of this site, and the runner of their scripts. */
function handlersAtWork({ settings, notice }: ServiceOptions) {
  const handlers = handlersOf(settings, siteOf(settings));
  const { script, directory } = settings;
  const scripts = createScriptRunner({ launcher: script.launcher, base: directory.base, onNotice: notice });
  return {
    run: handlerRunner(handlers, { scripts, runCommand }, monotonic),
    longestMilliseconds: longestHandlerMilliseconds(handlers),
    close: () => scripts.close(),
  };
}

/** What is known besides the entries: the directory's time and the open accounts. */
function knowledgeOf({ instances, retry, directory }: Settings, longestHandlerMilliseconds: number) {
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

type Knowledge = ReturnType<typeof knowledgeOf>;

/** The directory, watched and worked on. Its clock hears all that it says. */
function directoryInUse(options: ServiceOptions, { clock, open }: Knowledge, life: ServiceLife) {
  const { settings, env, notice, admit } = options;
  const away = new DirectoryPatience(settings.reconnect);
  const { operations, changes$ } = watchedDirectory({
    settings,
    access: accessOf(settings, env),
    notice,
    admit,
    connected: () => away.wake(),
    isBehind: () => open.versions.isBehind,
    monotonic,
    abort: life.stopped,
    drain$: life.drain$,
  });
  return {
    away,
    changes$: changes$.pipe(tap((change) => clock.told(change))),
    operations: clock.watching(operations),
    close: () => operations.close(),
  };
}

interface Parts {
  readonly life: ServiceLife;
  readonly load: Load;
  readonly handlers: ReturnType<typeof handlersAtWork>;
  readonly knowledge: Knowledge;
  readonly directory: ReturnType<typeof directoryInUse>;
}

/** The dependencies of the stream. */
function surroundingsOf(
  { settings, report, dryRun, observeStep = () => {} }: ServiceOptions,
  { life, load, handlers, knowledge, directory }: Parts,
): PipelineDependencies {
  const { attributes: names, accounts, instances, retry, concurrency } = settings;
  const { longestMilliseconds } = handlers;
  const { open, directoryTime } = knowledge;
  const rules = rulesOf(settings);
  return {
    ...decisionMaker(settings, longestMilliseconds, directoryTime, open, observeStep),
    observeStep,
    names,
    alone: instances === 'one',
    readEntry: (entry) => readAccount(entry, names, rules),
    readStanding: (entry) => readAccount(entry, names, null),
    objection: hostObjection({ rules: accounts, signal: life.stopped }),
    open,
    directory: directory.operations,
    away: directory.away,
    runHandler: handlers.run,
    longestHandlerMilliseconds: longestMilliseconds,
    retry,
    concurrency,
    load,
    dryRun,
    report,
    signal: life.stopped,
    draining: life.draining,
    drain$: life.drain$,
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
