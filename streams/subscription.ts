import { catchError, mergeMap, Observable, throwError } from 'rxjs';
import type { DirectoryChange, ProtocolName } from '../src/domain/change.ts';
import { DirectoryError, ResultCode } from '../src/domain/directory-error.ts';
import type { DirectoryAccess } from '../src/ldap/access.ts';
import type { Connection } from '../src/ldap/connection.ts';
import { openPair } from '../src/ldap/open-pair.ts';
import { connectionError } from '../src/ldap/remedies.ts';
import { describeServer, type ServerFacts } from '../src/ldap/root-dse.ts';
import { NotOffered, type Protocol, type WatchedContent } from './protocols/protocol.ts';
import { PROTOCOLS } from './protocols/registry.ts';

export interface SubscriptionOptions extends WatchedContent {
  readonly access: DirectoryAccess;
  /** The one of `access.urls` to connect to. */
  readonly url: string;
  /** `auto`: the first of the registry that the server takes. */
  readonly protocol: 'auto' | ProtocolName;
  /**
   * A peer from which nothing came for so long, though asked, is given up; likewise a refresh
   * without progress.
   */
  readonly deadAfterMilliseconds: number;
  /**
   * Resolves when what the connection leads to may be watched; where it rejects, the subscription
   * ends.
   */
  readonly admit?: ((connection: Connection) => Promise<void>) | undefined;
  /**
   * Gets the connection for requests, which has one fate with that of the subscription, before
   * `connected` is emitted.
   */
  readonly serve?: ((requests: Connection) => void) | undefined;
}

/**
 * One connection's worth of the subscription: cold; connects, binds, is admitted, watches the
 * subtree, and emits `connected`, `refreshing`, entries, `refreshed`, then changes for ever.
 * Synchronously, as they come from the socket, which is read no faster. Ends only by a
 * DirectoryError with its remedy; unsubscribing closes both connections.
 */
export function subscribeOnce(options: SubscriptionOptions): Observable<DirectoryChange> {
  return opened(options).pipe(
    mergeMap(({ connection, server }) => watchWith(protocolsFor(options.protocol), connection, server, options)),
    catchError((error: unknown) => throwError(() => asDirectoryError(options.url, error))),
  );
}

interface Opened {
  readonly connection: Connection;
  readonly server: ServerFacts;
}

/**
 * Emits the open connection of the subscription, and stays. Closes it, and that for requests, when
 * unsubscribed.
 */
function opened({ access, url, deadAfterMilliseconds, admit, serve }: SubscriptionOptions): Observable<Opened> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    openPair(access, url, deadAfterMilliseconds, abort.signal)
      .then(async ({ subscription: connection, requests }) => {
        await admit?.(connection);
        serve?.(requests);
        // From here on until the refresh is complete, a server that answers nothing but probes is
        // given up.
        connection.refreshing(true);
        const server = await describeServer(connection);
        subscriber.next({ connection, server });
      })
      .catch((error: unknown) => subscriber.error(error));
    return () => abort.abort(new DirectoryError(`${url}: the connection was closed`));
  });
}

function protocolsFor(wanted: 'auto' | ProtocolName): readonly Protocol[] {
  return wanted === 'auto' ? PROTOCOLS : PROTOCOLS.filter((protocol) => protocol.name === wanted);
}

/**
 * Watches with the first protocol that the server takes; `refusals` are those of the ones before.
 */
function watchWith(
  protocols: readonly Protocol[],
  connection: Connection,
  server: ServerFacts,
  options: SubscriptionOptions,
  refusals: readonly NotOffered[] = [],
): Observable<DirectoryChange> {
  const [protocol, ...others] = protocols;
  if (protocol === undefined) return throwError(() => nothingOffered(server.description, refusals));
  const { namedControl } = protocol;
  if (namedControl !== undefined && !server.controls.has(namedControl)) {
    const refusal = new NotOffered(`${protocol.title}: the server does not name its control (${namedControl})`, {
      resultCode: ResultCode.unavailableCriticalExtension,
    });
    return watchWith(others, connection, server, options, [...refusals, refusal]);
  }
  const words = connectedWords(server.description, options.protocol, protocol, refusals);
  const { fencing } = server;
  const connected = {
    kind: 'connected',
    url: connection.url,
    protocol: protocol.name,
    server: words,
    fencing,
  } as const;
  return announce(connected, protocol.watch(connection, options)).pipe(
    catchError((error: unknown) =>
      options.protocol === 'auto' && error instanceof NotOffered
        ? watchWith(others, connection, server, options, [...refusals, error])
        : throwError(() => error),
    ),
  );
}

/** Says `connected` before `refreshing`, that is once the server has taken the protocol. */
function announce(
  connected: DirectoryChange & { kind: 'connected' },
  watch$: Observable<DirectoryChange>,
): Observable<DirectoryChange> {
  return new Observable((subscriber) =>
    watch$.subscribe({
      next: (change) => {
        if (change.kind === 'refreshing') subscriber.next(connected);
        subscriber.next(change);
      },
      error: (error) => subscriber.error(error),
    }),
  );
}

function connectedWords(
  server: string,
  wanted: 'auto' | ProtocolName,
  protocol: Protocol,
  refusals: readonly NotOffered[],
): string {
  if (wanted !== 'auto') return server;
  const why =
    refusals.length === 0
      ? ', as the server took its critical control'
      : `, as it refused: ${refusals.map((refusal) => refusal.message).join('; ')}`;
  return `${server}; auto chose ${protocol.name}${why}`;
}

function nothingOffered(server: string, refusals: readonly NotOffered[]): DirectoryError {
  const said = refusals.map((refusal) => refusal.message).join('; ');
  // One that was refused for another reason may well be there: the server restricts operations, or
  // wants a bind.
  const other = refusals.find(({ resultCode }) => resultCode !== ResultCode.unavailableCriticalExtension);
  return new DirectoryError(`the directory (${server}) offers no way to be told of changes: ${said}`, {
    resultCode: other?.resultCode ?? ResultCode.unavailableCriticalExtension,
    remedy: other?.remedy === undefined ? ENABLE_ONE : `${other.remedy}; or, if that is not it, ${ENABLE_ONE}`,
  });
}

const ENABLE_ONE =
  'enable one: slapd: moduleload syncprov, and overlay syncprov on the database of directory.base; 389: the plugins Content Synchronization and Retro Changelog; other servers: persistent search (control 2.16.840.1.113730.3.4.3)';

/** What is no answer of the directory may be a fault of the host, such as a shortage of files. */
function asDirectoryError(url: string, error: unknown): DirectoryError {
  if (error instanceof DirectoryError) return error;
  if (error instanceof Error && 'code' in error) return connectionError(url, error);
  return new DirectoryError(error instanceof Error ? error.message : String(error), { cause: error });
}
