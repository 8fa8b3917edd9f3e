import { fromEvent, merge, mergeMap, type Observable, Subject, takeUntil, tap, throwError } from 'rxjs';
import type { Settings } from '../config/schema.ts';
import { reconnect } from '../streams/operators/reconnect.ts';
import { reconcile } from '../streams/reconcile.ts';
import { subscribeOnce } from '../streams/subscription.ts';
import type { DirectoryChange } from './domain/change.ts';
import { DirectoryError, ResultCode } from './domain/directory-error.ts';
import { attributesToRead } from './domain/read-account.ts';
import { LaggingServers } from './lagging-servers.ts';
import type { DirectoryAccess } from './ldap/access.ts';
import type { Connection } from './ldap/connection.ts';
import { DirectoryOperations } from './ldap/operations.ts';
import { openAccountsFilter } from './site.ts';

export interface WatchedDirectoryOptions {
  readonly settings: Settings;
  readonly access: DirectoryAccess;
  /** Told, in a sentence, that a list failed. */
  readonly notice: (message: string) => void;
  /** Nothing that a connection leads to is read or worked on before this resolves. */
  readonly admit: ((connection: Connection) => Promise<void>) | undefined;
  /** A connection stands again: whoever waits for the directory may try. */
  readonly connected: () => void;
  /** Whether the server in use shows accounts older than they are known. */
  readonly isBehind: () => boolean;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonic: () => number;
  /** Ends the subscription, and every request. */
  readonly abort: AbortSignal;
  /** Ends the lists. */
  readonly drain$: Observable<unknown>;
}

export interface WatchedDirectory {
  /** Reads and writes, on the server that the subscription is connected to. */
  readonly operations: DirectoryOperations;
  /** What the subscription and the periodic lists tell. Subscribe once. */
  readonly changes$: Observable<DirectoryChange>;
}

/** How many entries a periodic list asks for at once. */
const LIST_PAGE = 500;

/**
 * Puts the subscription, the periodic lists and the operations on the directory together. They
 * share the server in use.
 *
 * disconnected -> connected -> subscribed (the refresh is complete) -> disconnected
 */
export function watchedDirectory(options: WatchedDirectoryOptions): WatchedDirectory {
  const { settings, access, notice, admit, monotonic, abort, drain$ } = options;
  const { directory: site, attributes: names, instances } = settings;
  /** Why a subscription is given up though its connection stands: it is made anew, on the next server if there is one. */
  const useless$ = new Subject<DirectoryError>();
  const givenUp$ = useless$.pipe(mergeMap((error) => throwError(() => error)));
  const lagging = new LaggingServers(access.urls);
  const clockSet$ = new Subject<void>();
  let subscribed = false;
  let subscribedTo: string | undefined;

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
  abort.addEventListener('abort', () => operations.close());

  const content = {
    base: site.base,
    filter: openAccountsFilter(settings),
    attributes: attributesToRead(names, instances),
  };
  const deadAfterMilliseconds = settings.reconnect.deadAfter;
  const subscription$ = reconnect({
    urls: access.urls,
    initial: settings.reconnect.initial,
    max: settings.reconnect.max,
    connect: (url) =>
      subscribeOnce({ access, url, ...content, admit, protocol: site.subscription, deadAfterMilliseconds }).pipe(
        takeUntil(givenUp$),
      ),
  }).pipe(
    tap((change) => {
      if (change.kind === 'connected') {
        subscribedTo = change.url;
        operations.use(change.url);
        options.connected();
      }
      if (change.kind === 'refreshed') {
        subscribed = true;
        const behind = subscribedTo === undefined ? undefined : lagging.refreshed(subscribedTo, options.isBehind());
        if (behind !== undefined) queueMicrotask(() => useless$.next(behind));
        // The entries came before the time did, and what another service holds may prove to be older than it seemed.
        if (instances === 'several' && change.directoryTime !== undefined) queueMicrotask(() => clockSet$.next());
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
  return {
    operations,
    changes$: merge(subscription$.pipe(takeUntil(fromEvent(abort, 'abort'))), lists$.pipe(takeUntil(drain$))),
  };
}

/**
 * Whether a list was refused for a reason that makes a subscription blind, too. No server ends a
 * subscription whose base, account or rights are gone: it only says nothing any more. Subscribed to
 * anew it is refused, or works again; either way it shows.
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
