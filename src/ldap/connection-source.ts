import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/** Provides the connection for operations. */
export interface ConnectionSource {
  /** Resolves to an open, bound connection. Rejects with a DirectoryError if there is none. */
  connection(): Promise<Connection>;
  /**
   * Closes the source for good. Pending requests reject with the reason, and so does every later
   * call of `connection`.
   */
  close(reason?: DirectoryError): void;
}

/**
 * Connects to one server on demand. A connection that has failed is replaced at the next call.
 *
 * States:
 *   none -> opening (`connection`) -> open, or failed
 *   open -> failed                         it was closed or lost
 *   failed -> opening (`connection`)
 *   any -> closed (`close`)
 */
export class OnDemandConnection implements ConnectionSource {
  readonly #access: DirectoryAccess;
  readonly #url: string;
  readonly #onOpen: (connection: Connection) => void;
  readonly #closing = new AbortController();
  #opened: Promise<Connection> | undefined;

  /** `onOpen` is called with each connection before it is used. */
  constructor(access: DirectoryAccess, url: string, onOpen: (connection: Connection) => void = () => {}) {
    this.#access = access;
    this.#url = url;
    this.#onOpen = onOpen;
  }

  async connection(): Promise<Connection> {
    const opened = this.#opened;
    const present = await opened?.catch(() => undefined);
    if (present !== undefined && !present.closed) return present;
    // Several callers may have waited for the failed connection. The first of them opens the new
    // one.
    if (this.#opened === opened) this.#opened = this.#open();
    return this.#opened ?? this.connection();
  }

  close(reason: DirectoryError = new DirectoryError(`${this.#url}: the connection was closed`)): void {
    this.#closing.abort(reason);
  }

  async #open(): Promise<Connection> {
    const connection = await openConnection(this.#access, this.#url, this.#closing.signal);
    this.#onOpen(connection);
    return connection;
  }
}

/**
 * The connection for requests, which the subscription opens in addition to its own. While there is
 * none, requests fail at once, as if the directory did not answer.
 *
 * States: without a connection -> connected (`use`), again at each new connection -> closed
 * (`close`).
 */
export class SubscribedConnection implements ConnectionSource {
  #source: ConnectionSource | undefined;

  /** To be called when the subscription is connected. The subscription also closes the source. */
  use(source: ConnectionSource): void {
    this.#source = source;
  }

  connection(): Promise<Connection> {
    return (
      this.#source?.connection() ??
      Promise.reject(new DirectoryError('there is no connection to the directory', { remedy: REMEDY }))
    );
  }

  close(): void {
    this.#source = undefined;
  }
}

const REMEDY = 'the service connects by itself: see why it was disconnected (status)';
