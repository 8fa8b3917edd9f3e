import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { ReplaySubject, tap } from 'rxjs';
import type { Settings } from '../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { handlerRunner } from '../handlers/run-handler.ts';
import { hostObjection } from '../handlers/steps/host-users.ts';
import { accountMemory } from '../streams/account-memory.ts';
import type { Load } from '../streams/operators/group-per-uid.ts';
import { provisioning } from '../streams/pipeline.ts';
import type { AccountRecord, ReadEntry } from './domain/account.ts';
import type { DirectoryChange } from './domain/change.ts';
import { type DirectoryAnswer, observedDirectory } from './domain/directory-answer.ts';
import { DirectoryClock } from './domain/directory-clock.ts';
import type { Report } from './domain/event.ts';
import { TOKEN_DAYS, tokenDay } from './domain/fence.ts';
import type { HandlerOutcome, RunHandler } from './domain/job.ts';
import { readAccount } from './domain/read-account.ts';
import { ReturnCode } from './domain/return-code.ts';
import { stateTimestamp } from './domain/timestamp.ts';
import { isNumeric } from './domain/uid.ts';
import type { Connection } from './ldap/connection.ts';
import { DirectoryPatience } from './patience.ts';
import { runCommand } from './script/command.ts';
import { createScriptRunner } from './script/script-runner.ts';
import { accessOf, decisionMaker, rulesOf, siteOf } from './site.ts';
import { watchedDirectory } from './watched-directory.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
  /** Told, in a sentence, what is wrong with the service itself rather than with an account. */
  readonly notice: (message: string) => void;
  readonly dryRun: boolean;
  /** Nothing that a connection leads to is read or worked on before this resolves. */
  readonly admit?: ((connection: Connection) => Promise<void>) | undefined;
  /** Sees every change before the stream does. */
  readonly observe?: (change: DirectoryChange) => void;
  /** Sees what the directory answers to each request of an attempt. */
  readonly observeAnswer?: (answer: DirectoryAnswer) => void;
  /** Sees how each handler ended, before that is written back. */
  readonly observeOutcome?: (uid: string, outcome: HandlerOutcome) => void;
}

export interface Service {
  /** Works until it is told to stop; resolves to the exit code of the process. */
  run(): Promise<number>;
  /** Takes up nothing new; what runs may finish within the grace. */
  drain(): void;
  /** Ends what runs, at once, to be resumed at the next start. `exitCode`: not 0 for a fault. */
  stopNow(exitCode?: number): void;
}

/**
 * Puts the service together: the one place that knows everybody. Nothing happens before `run`.
 *
 * made -> running (`run`) -> draining (`drain`, or a bug) -> stopped; `stopNow` at any time shortens the way.
 */
export function createService({
  settings,
  env,
  report,
  notice,
  dryRun,
  admit,
  observe,
  observeAnswer,
  observeOutcome,
}: ServiceOptions): Service {
  const { attributes: names, directory: site } = settings;
  const rules = rulesOf(settings);
  const monotonic = () => performance.now();
  const access = accessOf(settings, env);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal); // one for each account in work
  const drain$ = new ReplaySubject<void>(1);
  const draining = new AbortController();
  setMaxListeners(0, draining.signal);
  abort.signal.addEventListener('abort', () => draining.abort());
  const load: Load = { running: 0, waiting: 0 };
  const runner = createScriptRunner({ launcher: settings.script.launcher, base: site.base, onNotice: notice });
  const handlers = handlersOf(settings, siteOf(settings));
  const away = new DirectoryPatience(settings.reconnect);
  const clock = new DirectoryClock(monotonic, () => Date.now());
  const longestMilliseconds = longestHandlerMilliseconds(handlers);
  const alone = settings.instances === 'one';
  const directoryTime = () => clock.now();
  const open = accountMemory({
    instances: settings.instances,
    longestHandlerMilliseconds: longestMilliseconds,
    retry: settings.retry,
    behindAfterMilliseconds: site.behindAfter,
    monotonic,
    directoryTime,
  });

  const { operations, changes$ } = watchedDirectory({
    settings,
    access,
    notice,
    admit,
    connected: () => away.wake(),
    isBehind: () => open.versions.isBehind,
    monotonic,
    abort: abort.signal,
    drain$,
  });
  const observed$ = changes$.pipe(
    tap((change) => {
      clock.told(change);
      observe?.(change);
    }),
  );

  const readEntry: ReadEntry = (entry) => readAccount(entry, names, rules);

  const stages = {
    ...decisionMaker(settings, longestMilliseconds, directoryTime, open),
    names,
    alone,
    readEntry,
    readStanding: (entry: Parameters<ReadEntry>[0]) => readAccount(entry, names, null),
    objection: observedObjection(hostObjection({ rules: settings.accounts, signal: abort.signal }), observeAnswer),
    open,
    directory: observedDirectory(operations, (answer) => {
      clock.answered(answer);
      observeAnswer?.(answer);
    }),
    runHandler: observed(handlerRunner(handlers, { scripts: runner, runCommand }, monotonic), observeOutcome),
    retry: settings.retry,
    report,
    away,
    signal: abort.signal,
    draining: draining.signal,
    nextJobId: jobIds(),
    newToken: () => tokenDay(randomInt(TOKEN_DAYS)),
    longestHandlerMilliseconds: longestMilliseconds,
    monotonic,
    stateNow: () => stateTimestamp(new Date()),
    concurrency: settings.concurrency,
    load,
    drain$,
    dryRun,
  };

  let exitCode: number = ReturnCode.SUCCESS;
  const run = async (): Promise<number> => {
    await new Promise<void>((resolve) => {
      provisioning(observed$, stages).subscribe({
        complete: resolve,
        error: (error: unknown) => {
          notice(
            `the stream failed, which is a bug: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
          );
          exitCode = ReturnCode.UNDEFINED_ERROR;
          abort.abort(error);
          resolve();
        },
      });
    });
    operations.close();
    await runner.close();
    report({ event: 'stopped', exitCode });
    return exitCode;
  };

  const drain = (): void => {
    if (abort.signal.aborted) return;
    const { running: inWork, waiting: queued } = load;
    report({ event: 'draining', inWork, queued, graceMilliseconds: settings.shutdown.grace });
    setTimeout(() => abort.abort(new Error('the grace is over')), settings.shutdown.grace).unref();
    draining.abort();
    drain$.next();
  };

  return {
    run,
    drain,
    stopNow: (code = ReturnCode.SUCCESS) => {
      exitCode ||= code;
      abort.abort(new Error('told to stop at once'));
      drain$.next();
    },
  };
}

/** Ids that differ between attempts, and almost certainly between runs of the service. */
function jobIds(): () => string {
  const run = Math.random().toString(36).slice(2, 6);
  let count = 0;
  return () => `${run}-${++count}`;
}

function observedObjection(
  objection: (record: AccountRecord) => Promise<string | undefined>,
  observe: ServiceOptions['observeAnswer'],
): (record: AccountRecord) => Promise<string | undefined> {
  return async (record) => {
    const reason = await objection(record);
    const answer = { operation: 'host', target: record.uid } as const;
    if (!isNumeric(record.uid)) observe?.(reason === undefined ? answer : { ...answer, error: { message: reason } });
    return reason;
  };
}

function observed(run: RunHandler, observe: ServiceOptions['observeOutcome']): RunHandler {
  if (observe === undefined) return run;
  return async (job, context) => {
    const outcome = await run(job, context);
    observe(job.record.uid, outcome);
    return outcome;
  };
}
