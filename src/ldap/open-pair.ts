import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { type ConnectionSource, OnDemandConnection } from './connection-source.ts';
import { openConnection } from './open-connection.ts';

/** Two connections to one server. If one fails, the other fails, too. */
export interface ConnectionPair {
  /** The connection of the subscription. */
  readonly subscription: Connection;
  /**
   * The connection for reads, lists and writes. Their responses need not wait behind those of a
   * refresh.
   */
  readonly requests: ConnectionSource;
}

/**
 * Opens two connections to a server, and watches each for a silent peer. If one fails, the other
 * fails for the same reason. So all pending requests fail at once and can continue on the next
 * pair. If the server closes the connection for requests, as it may do when it is idle, the next
 * request opens another one.
 *
 * Rejects with a DirectoryError, or when the signal is aborted. A later abort closes both
 * connections.
 */
export async function openPair(
  access: DirectoryAccess,
  url: string,
  deadAfterMilliseconds: number,
  signal: AbortSignal,
): Promise<ConnectionPair> {
  let subscription: Connection | undefined;
  const requests = new OnDemandConnection(access, url, (connection) => {
    connection.watch(deadAfterMilliseconds);
    onEnd(connection, (reason) => {
      if (!connection.closedByServer) subscription?.fail(reason);
    });
  });
  const opening = [openConnection(access, url, signal), requests.connection()] as const;
  const [opened, answered] = await Promise.allSettled(opening);
  if (opened.status === 'rejected' || answered.status === 'rejected') {
    requests.close();
    if (opened.status === 'fulfilled') opened.value.close();
    throw opened.status === 'rejected' ? opened.reason : (answered as PromiseRejectedResult).reason;
  }
  subscription = opened.value;
  subscription.watch(deadAfterMilliseconds);
  onEnd(subscription, (reason) => requests.close(reason));
  return { subscription, requests };
}

/** Calls `callback` when the connection has ended, or at once if it has ended already. */
function onEnd({ ended, url }: Connection, callback: (reason: DirectoryError) => void): void {
  const call = () => {
    const { reason } = ended;
    callback(reason instanceof DirectoryError ? reason : new DirectoryError(`${url}: the connection was closed`));
  };
  if (ended.aborted) call();
  else ended.addEventListener('abort', call, { once: true });
}
