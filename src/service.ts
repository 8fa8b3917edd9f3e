import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { fromEvent, merge, mergeMap, ReplaySubject, Subject, takeUntil, tap, throwError } from 'rxjs';
import type { Settings } from '../config/schema.ts';
import { longestHandlerMilliseconds } from '../handlers/registry.ts';
import { handlerRunner } from '../handlers/run-handler.ts';
import { accountMemory } from '../streams/account-memory.ts';
import { reconnect } from '../streams/operators/reconnect.ts';
import type { Load } from '../streams/operators/serialize-by-key.ts';
import { provisioning } from '../streams/pipeline.ts';
import { reconcile } from '../streams/reconcile.ts';
import { subscribeOnce } from '../streams/subscription.ts';
import { composeHandlers, composeObjection } from './compose-handlers.ts';
import type { AccountRecord, ReadEntry } from './domain/account.ts';
import type { DirectoryChange } from './domain/change.ts';
import { type DirectoryAnswer, observedDirectory } from './domain/directory-answer.ts';
import { DirectoryClock } from './domain/directory-clock.ts';
import { DirectoryError, ResultCode } from './domain/directory-error.ts';
import type { Report } from './domain/event.ts';
import { TOKEN_DAYS, tokenDay } from './domain/fence.ts';
import type { HandlerOutcome, RunHandler } from './domain/job.ts';
import { attributesToRead, readAccount } from './domain/read-account.ts';
import { ReturnCode } from './domain/return-code.ts';
import { stateTimestamp } from './domain/timestamp.ts';
import { isNumeric } from './domain/uid.ts';
import { LaggingServers } from './lagging-servers.ts';
import type { Connection } from './ldap/connection.ts';
import { DirectoryOperations } from './ldap/operations.ts';
import { DirectoryPatience } from './patience.ts';
import { createScriptRunner } from './script/script-runner.ts';
import { accessOf, decisionMaker, openAccountsFilter, rulesOf } from './site.ts';

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

/** How many entries a periodic list asks for at once. */
const LIST_PAGE = 500;

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
  const handlers = composeHandlers(settings, runner);
  /** Why the subscription is of no use though its connection stands: it is then made anew, on the next server where there is one. */
  const useless$ = new Subject<DirectoryError>();
  const givenUp$ = useless$.pipe(mergeMap((error) => throwError(() => error)));
  const operations = new DirectoryOperations({
    access,
    base: site.base,
    // A replica can be read and not written: the subscription moves to another server, and writes with it. What comes from
    // one that it has left already says nothing about the next.
    referred: (error, url) => {
      if (access.urls.length > 1 && url === subscribedTo) useless$.next(error);
    },
  });
  // A request that is not answered would hold up the end for as long as its own time-out.
  abort.signal.addEventListener('abort', () => operations.close());
  const away = new DirectoryPatience(settings.reconnect);
  const lagging = new LaggingServers(access.urls);
  const clock = new DirectoryClock(monotonic, () => Date.now());
  const clockSet$ = new Subject<void>();
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
  let subscribed = false;
  let subscribedTo: string | undefined;

  const readEntry: ReadEntry = (entry) => readAccount(entry, names, rules);

  const content = {
    base: site.base,
    filter: openAccountsFilter(settings),
    attributes: attributesToRead(names, settings.instances),
  };
  const subscription$ = reconnect({
    urls: access.urls,
    initial: settings.reconnect.initial,
    max: settings.reconnect.max,
    connect: (url) =>
      subscribeOnce({
        access,
        url,
        ...content,
        admit,
        protocol: site.subscription,
        deadAfterMilliseconds: settings.reconnect.deadAfter,
      }).pipe(takeUntil(givenUp$)),
  }).pipe(
    tap((change) => {
      if (change.kind === 'connected') {
        subscribedTo = change.url;
        operations.use(change.url);
        away.wake();
      }
      if (change.kind === 'refreshed') {
        subscribed = true;
        const behind = subscribedTo === undefined ? undefined : lagging.refreshed(subscribedTo, open.versions.isBehind);
        if (behind !== undefined) queueMicrotask(() => useless$.next(behind));
        // The entries came before the time did, and what another service holds may prove to be older than it seemed.
        if (!alone && change.directoryTime !== undefined) queueMicrotask(() => clockSet$.next());
      }
      if (change.kind === 'disconnected') {
        subscribed = false;
        subscribedTo = undefined;
      }
    }),
  );
  const lists$ = reconcile({
    interval: settings.reconcile.interval,
    also$: clockSet$,
    monotonic,
    list: async (entry) => {
      if (!subscribed) throw new Error('there is no connection');
      await operations.search(content, { pageSize: LIST_PAGE }, entry);
    },
    failed: (error) => {
      if (!subscribed) return;
      if (isBlind(error)) useless$.next(error);
      else notice(`the periodic list of the open accounts failed, and is tried again: ${explain(error)}`);
    },
  });

  const changes$ = merge(
    subscription$.pipe(takeUntil(fromEvent(abort.signal, 'abort'))),
    lists$.pipe(takeUntil(drain$)),
  ).pipe(
    tap((change) => {
      clock.told(change);
      observe?.(change);
    }),
  );
  const stages = {
    ...decisionMaker(settings, longestMilliseconds, directoryTime, open),
    names,
    alone,
    readEntry,
    readStanding: (entry: Parameters<ReadEntry>[0]) => readAccount(entry, names, null),
    objection: observedObjection(composeObjection(settings, abort.signal), observeAnswer),
    open,
    directory: observedDirectory(operations, (answer) => {
      clock.answered(answer);
      observeAnswer?.(answer);
    }),
    runHandler: observed(handlerRunner(handlers, monotonic), observeOutcome),
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
      provisioning(changes$, stages).subscribe({
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

/**
 * Whether a list was refused for what makes a subscription blind, too: no server ends one whose base, account or rights are gone, it
 * only says nothing any more. Subscribed to anew it is refused, or works again; either way it shows.
 */
function isBlind(error: unknown): error is DirectoryError {
  const { noSuchObject, invalidCredentials, insufficientAccessRights } = ResultCode;
  const blinding: ReadonlyArray<number | undefined> = [noSuchObject, invalidCredentials, insufficientAccessRights];
  return error instanceof DirectoryError && blinding.includes(error.resultCode);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof DirectoryError && error.remedy !== undefined
    ? `${error.message}; ${error.remedy}`
    : error.message;
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
