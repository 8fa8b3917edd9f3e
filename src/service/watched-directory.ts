import { BehaviorSubject, EMPTY, from, fromEvent, merge, type Observable, takeUntil, tap } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import { reconnect } from '../../streams/operators/reconnect.ts';
import type { WatchedContent } from '../../streams/protocols/protocol.ts';
import { type ReconcileOptions, reconcile } from '../../streams/reconcile.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import { watchSwitch } from '../../streams/switch.ts';
import type { DirectoryChange, ProtocolName } from '../domain/change.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { errorText } from '../domain/error-text.ts';
import { attributesToRead } from '../domain/read-account.ts';
import type { SwitchReading } from '../domain/switch.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import type { Connection } from '../ldap/connection.ts';
import { type ConnectionSource, SubscribedConnection } from '../ldap/connection-source.ts';
import { DirectoryOperations } from '../ldap/operations.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { currentUrls } from '../ldap/servers.ts';
import { readSwitch } from '../ldap/switch-entry.ts';
import { ServerInUse } from './server-in-use.ts';
import { openAccountsFilter } from './site.ts';

export interface WatchedDirectoryOptions {
  readonly settings: Settings;
  readonly access: DirectoryAccess;
  /** Called with a sentence when a list fails. */
  readonly notice: (message: string) => void;
  /** A connection is used only after this has resolved for it. */
  readonly admit: ((connection: Connection) => Promise<void>) | undefined;
  /** Called when a connection is established. */
  readonly connected: () => void;
  /** Whether the server in use shows older versions of accounts than the service has seen. */
  readonly isBehind: () => boolean;
  /** Ends the subscription and every request. */
  readonly abort: AbortSignal;
  /** Ends the lists. */
  readonly drain$: Observable<unknown>;
}

export interface WatchedDirectory {
  /** Reads and writes, on the server that the subscription is connected to. */
  readonly operations: DirectoryOperations;
  /** The changes that the subscription and the periodic lists report. Subscribe only once. */
  readonly changes$: Observable<DirectoryChange>;
  /**
   * The protocol of the subscription, emitted at each connection. undefined: there is no
   * connection.
   */
  readonly protocol$: Observable<ProtocolName | undefined>;
  /** The readings of the switch. Empty if the settings name no switch. */
  readonly switch$: Observable<SwitchReading>;
}

/**
 * Combines the subscription, the periodic lists and the operations on the directory. They share the
 * server in use.
 */
export function watchedDirectory(options: WatchedDirectoryOptions): WatchedDirectory {
  const { settings, access, abort, drain$ } = options;
  const { attributes: names, directory } = settings;
  let urls = access.urls;
  const server = new ServerInUse(() => urls);
  const lookUp = () =>
    from(currentUrls(access.urls, { failed: (error) => options.notice(error.sentence) })).pipe(
      tap((current) => {
        urls = current;
      }),
    );
  const connections = new SubscribedConnection();
  const operations = new DirectoryOperations({
    connections,
    base: directory.base,
    timeoutMilliseconds: access.timeoutMilliseconds,
    referred: (error, url) => server.referred(error, url),
  });
  const content = {
    base: directory.base,
    filter: openAccountsFilter(settings),
    attributes: attributesToRead(names),
  };

  const protocol$ = new BehaviorSubject<ProtocolName | undefined>(undefined);
  const subscription$ = subscription(content, lookUp, server, connections, options).pipe(
    tap((change) => {
      if (change.kind === 'connected') protocol$.next(change.protocol);
      if (change.kind === 'disconnected') protocol$.next(undefined);
      if (change.kind === 'connected') options.connected();
    }),
  );
  const list: List = async (entry) => {
    await operations.search(content, { pageSize: PAGE_SIZE }, entry);
  };
  const lists$ = lists(server, list, options);
  const { dn, attribute } = settings.switch;
  const place = dn === null ? undefined : { dn, attribute };
  return {
    operations,
    protocol$,
    switch$:
      place === undefined
        ? EMPTY
        : watchSwitch({
            ...place,
            protocol$,
            connection: () => connections.connection(),
            read: () => readSwitch(operations, place),
          }),
    changes$: merge(subscription$.pipe(takeUntil(fromEvent(abort, 'abort'))), lists$.pipe(takeUntil(drain$))),
  };
}

/** Subscribes to one server for as long as possible, and keeps `server` up to date. */
function subscription(
  content: WatchedContent,
  lookUp: () => Observable<readonly string[]>,
  server: ServerInUse,
  connections: SubscribedConnection,
  { settings, access, admit, isBehind }: WatchedDirectoryOptions,
): Observable<DirectoryChange> {
  const { initial, max, deadAfter: deadAfterMilliseconds } = settings.reconnect;
  const protocol = settings.directory.subscription;
  return reconnect({
    urls: access.urls,
    lookUp,
    initial,
    max,
    connect: (url) => {
      const serve = (requests: ConnectionSource) => connections.use(requests);
      const options = { access, url, ...content, admit, serve, protocol, deadAfterMilliseconds };
      return subscribeOnce(options).pipe(takeUntil(server.givenUp$));
    },
  }).pipe(
    tap((change) => {
      if (change.kind === 'connected') server.connected(change.url);
      if (change.kind === 'refreshed') server.refreshed(isBehind());
      if (change.kind === 'disconnected') server.disconnected();
    }),
  );
}

/** Lists the open accounts once. Rejects if the list is incomplete. */
type List = ReconcileOptions['list'];

/** Lists the open accounts periodically while subscribed. */
function lists(
  server: ServerInUse,
  list: List,
  { settings, notice }: WatchedDirectoryOptions,
): Observable<DirectoryChange> {
  return reconcile({
    interval: settings.reconcile.interval,
    list: async (entry) => {
      if (!server.subscribed) throw new Error('there is no connection');
      await list(entry);
    },
    failed: (error) => {
      if (!server.subscribed) return;
      if (silencesSubscription(error)) server.giveUp(error);
      else notice(`the periodic list of the open accounts failed, and is tried again: ${sentenceOf(error)}`);
    },
  });
}

/**
 * Whether a list was refused for a reason that also silences a subscription. If its base, its bind
 * account or its rights are gone, no server ends the subscription: the server sends no more
 * changes. A new subscription is refused or works, which makes the fault visible.
 */
function silencesSubscription(error: unknown): error is DirectoryError {
  const { noSuchObject, invalidCredentials, insufficientAccessRights } = ResultCode;
  const silencing: ReadonlyArray<number | undefined> = [noSuchObject, invalidCredentials, insufficientAccessRights];
  return error instanceof DirectoryError && silencing.includes(error.resultCode);
}

function sentenceOf(error: unknown): string {
  if (error instanceof DirectoryError) return error.sentence;
  return errorText(error);
}
