import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/** Two connections to one server. If one ends, the other fails, too. */
export interface ConnectionPair {
  /** The connection of the subscription. */
  readonly subscription: Connection;
  /**
   * The connection of reads, lists and writes, whose responses need not wait behind those of a
   * refresh.
   */
  readonly requests: Connection;
}

/**
 * Opens two connections to a server, each watched for a silent peer. If one ends, the other fails
 * for the same reason, so that all pending requests fail at once and can go on with the next pair.
 * Rejects with a DirectoryError, or when the signal is aborted. A later abort closes both.
 */
export async function openPair(
  access: DirectoryAccess,
  url: string,
  deadAfterMilliseconds: number,
  signal: AbortSignal,
): Promise<ConnectionPair> {
  const opening = [openConnection(access, url, signal), openConnection(access, url, signal)] as const;
  const opened = await Promise.allSettled(opening);
  const failure = opened.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    for (const result of opened) if (result.status === 'fulfilled') result.value.close();
    throw failure.reason;
  }
  const [subscription, requests] = await Promise.all(opening);
  for (const connection of [subscription, requests]) connection.watch(deadAfterMilliseconds);
  shareFate(subscription, requests);
  shareFate(requests, subscription);
  return { subscription, requests };
}

function shareFate(one: Connection, other: Connection): void {
  const follow = () => {
    const { reason } = one.ended;
    other.fail(reason instanceof DirectoryError ? reason : new DirectoryError(`${one.url}: the connection was closed`));
  };
  if (one.closed) follow();
  else one.ended.addEventListener('abort', follow, { once: true });
}
