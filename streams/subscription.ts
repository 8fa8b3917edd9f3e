import { catchError, mergeMap, Observable, throwError } from 'rxjs';
import type { DirectoryChange, ProtocolName } from '../src/domain/change.ts';
import { DirectoryError, RefreshStuck, ResultCode } from '../src/domain/directory-error.ts';
import { errorText } from '../src/domain/error-text.ts';
import type { DirectoryAccess } from '../src/ldap/access.ts';
import type { Connection } from '../src/ldap/connection.ts';
import { connectionError } from '../src/ldap/connection-error.ts';
import type { ConnectionSource } from '../src/ldap/connection-source.ts';
import { openPair } from '../src/ldap/open-pair.ts';
import { describeServer, type ServerFacts } from '../src/ldap/root-dse.ts';
import { remedyForSubscription } from '../src/ldap/subscription-remedies.ts';
import { NotOffered, type Protocol, type WatchedContent } from './protocols/protocol.ts';
import { PROTOCOLS } from './protocols/registry.ts';

export interface SubscriptionOptions extends WatchedContent {
  readonly access: DirectoryAccess;
  /** The one of `access.urls` to connect to. */
  readonly url: string;
  /**
   * `auto`: the first protocol of the registry that the server accepts, and by which it ends a
   * refresh.
   */
  readonly protocol: 'auto' | ProtocolName;
  /**
   * A connection is closed if the peer is silent for this long, although it was probed, or if a
   * refresh makes no progress for this long.
   */
  readonly deadAfterMilliseconds: number;
  /**
   * Called with the open connection before the subscription begins. Resolves if the directory
   * behind it may be watched. If it rejects, the subscription fails.
   */
  readonly admit?: ((connection: Connection) => Promise<void>) | undefined;
  /**
   * Called with the source of the connection for requests before `connected` is emitted. If one of
   * the two connections fails, the other fails, too.
   */
  readonly serve?: ((requests: ConnectionSource) => void) | undefined;
}

/**
 * Subscribes with one pair of connections. Cold: connects, binds, waits for `admit`, watches the
 * subtree, and emits `connected`, `refreshing`, entries, `refreshed`, and then changes for ever. It
 * emits synchronously as bytes come from the socket, so a slow consumer also slows the reading.
 * Ends only with a DirectoryError and its remedy. Unsubscribing closes both connections.
 */
export function subscribeOnce(options: SubscriptionOptions): Observable<DirectoryChange> {
  return connectWith(protocolsFor(options.protocol), options).pipe(
    catchError((error: unknown) => throwError(() => asDirectoryError(options.url, error))),
  );
}

/**
 * Connects, and watches with the first of the protocols that the server accepts. `refusals` are
 * those of the protocols that were tried before.
 */
function connectWith(
  protocols: readonly Protocol[],
  options: SubscriptionOptions,
  refusals: readonly DirectoryError[] = [],
): Observable<DirectoryChange> {
  return opened(options).pipe(
    mergeMap(({ connection, server }) => watchWith(protocols, connection, server, options, refusals)),
  );
}

interface Opened {
  readonly connection: Connection;
  readonly server: ServerFacts;
}

/**
 * Emits the open connection of the subscription once and does not complete. Unsubscribing closes it
 * and the one for requests.
 */
function opened({ access, url, deadAfterMilliseconds, admit, serve }: SubscriptionOptions): Observable<Opened> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    openPair(access, url, deadAfterMilliseconds, abort.signal)
      .then(async ({ subscription: connection, requests }) => {
        await admit?.(connection);
        serve?.(requests);
        // Until the refresh is complete, answers to probes do not count as progress.
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
 * Watches with the first protocol that the server accepts. If its refresh does not end, the next
 * protocol that the server names is tried, on another connection, because this one has failed. If
 * the server is only slow, the list of that protocol does not end either.
 */
function watchWith(
  protocols: readonly Protocol[],
  connection: Connection,
  server: ServerFacts,
  options: SubscriptionOptions,
  refusals: readonly DirectoryError[],
): Observable<DirectoryChange> {
  const [protocol, ...others] = protocols;
  if (protocol === undefined) return throwError(() => nothingOffered(server, options.protocol, refusals));
  const { namedControl } = protocol;
  if (!isNamed(protocol, server)) {
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
    catchError((error: unknown) => {
      if (error instanceof NotOffered) return watchWith(others, connection, server, options, [...refusals, error]);
      const next = others.find((other) => isNamed(other, server));
      if (!(error instanceof RefreshStuck) || next === undefined) return throwError(() => error);
      return connectWith([next], options, [...refusals, endless(protocol, next, options.deadAfterMilliseconds)]);
    }),
  );
}

/** Whether the server may have the protocol, by what it says about itself. */
function isNamed({ namedControl }: Protocol, { controls }: ServerFacts): boolean {
  return namedControl === undefined || controls.has(namedControl);
}

/** Emits `connected` before `refreshing`, when the server has accepted the protocol. */
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
  refusals: readonly DirectoryError[],
): string {
  if (wanted !== 'auto') return server;
  const why =
    refusals.length === 0
      ? ', as the server took its critical control'
      : `, not ${refusals.map((refusal) => refusal.message).join('; ')}`;
  return `${server}; auto chose ${protocol.name}${why}`;
}

function endless({ title }: Protocol, { name }: Protocol, milliseconds: number): DirectoryError {
  return new DirectoryError(
    `${title}: the server took it, and did not end the refresh: nothing more of it came for ${milliseconds} ms, though the server answered (directory.subscription: ${name} does without that wait)`,
  );
}

function nothingOffered(
  { kind, description }: ServerFacts,
  wanted: 'auto' | ProtocolName,
  refusals: readonly DirectoryError[],
): DirectoryError {
  const said = refusals.map((refusal) => refusal.message).join('; ');
  const lack = wanted === 'auto' ? 'offers no way to be told of changes' : `does not offer the subscription ${wanted}`;
  // The server may have a protocol that it refused for another reason: it restricts operations, or
  // requires a bind.
  const other = refusals.find(({ resultCode }) => resultCode !== ResultCode.unavailableCriticalExtension);
  const remedy = remedyForSubscription(kind, wanted);
  return new DirectoryError(`the directory (${description}) ${lack}: ${said}`, {
    resultCode: other?.resultCode ?? ResultCode.unavailableCriticalExtension,
    remedy: other?.remedy === undefined ? remedy : `${other.remedy}; or, if that is not it, ${remedy}`,
  });
}

/**
 * An error that is not an answer of the directory may be a fault of the host, such as a shortage of
 * open files.
 */
function asDirectoryError(url: string, error: unknown): DirectoryError {
  if (error instanceof DirectoryError) return error;
  if (error instanceof Error && 'code' in error) return connectionError(url, error);
  return new DirectoryError(errorText(error), { cause: error });
}
