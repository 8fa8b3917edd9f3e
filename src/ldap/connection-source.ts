import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/** Provides the connection for operations. */
export interface ConnectionSource {
  /** Resolves to an open, bound connection. Rejects with a DirectoryError if there is none. */
  connection(): Promise<Connection>;
  /** Closes for good: pending requests reject, and so does every later call of `connection`. */
  close(): void;
}

/**
 * Connects to one server on demand. A connection that has failed is replaced at the next call.
 *
 * none -> opening (`connection`) -> open, or failed
 * open -> failed                         it was closed or lost
 * failed -> opening (`connection`)
 * any -> closed (`close`)
 */
export class OnDemandConnection implements ConnectionSource {
  readonly #access: DirectoryAccess;
  readonly #url: string;
  readonly #closing = new AbortController();
  #opened: Promise<Connection> | undefined;

  constructor(access: DirectoryAccess, url: string) {
    this.#access = access;
    this.#url = url;
  }

  async connection(): Promise<Connection> {
    const known = this.#opened;
    const present = await known?.catch(() => undefined);
    if (present !== undefined && !present.closed) return present;
    // Of all callers that waited for the failed connection, the first opens the new one.
    if (this.#opened === known) this.#opened = openConnection(this.#access, this.#url, this.#closing.signal);
    return this.#opened ?? this.connection();
  }

  close(): void {
    this.#closing.abort(new DirectoryError(`${this.#url}: the connection was closed`));
  }
}

/**
 * The connection for requests that the subscription opens beside its own. While there is none,
 * requests fail at once, as if the directory did not answer.
 */
export class SubscribedConnection implements ConnectionSource {
  #connection: Connection | undefined;

  /**
   * To be called when the subscription has opened a connection. The subscription closes it, too.
   */
  use(connection: Connection): void {
    this.#connection = connection;
  }

  connection(): Promise<Connection> {
    const connection = this.#connection;
    if (connection !== undefined && !connection.closed) return Promise.resolve(connection);
    return Promise.reject(new DirectoryError('there is no connection to the directory', { remedy: REMEDY }));
  }

  close(): void {
    this.#connection = undefined;
  }
}

const REMEDY = 'the service connects by itself: see why it was disconnected (status)';
