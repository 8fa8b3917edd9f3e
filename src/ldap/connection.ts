import { DirectoryError } from '../domain/directory-error.ts';
import { closedError, disconnectionError } from './connection-error.ts';
import { type LdapUrl, parseLdapUrl } from './ldap-url.ts';
import { PacedReader } from './paced-reader.ts';
import type { TlsMaterial } from './tls-material.ts';
import { Transport } from './transport.ts';
import { Watchdog } from './watchdog.ts';
import { malformed } from './wire/ber.ts';
import { Framer } from './wire/framer.ts';
import { encodeMessage, type LdapMessage, type RequestControl, readMessage } from './wire/message.ts';
import { encodeAbandon, encodeUnbind, ROOT_DSE_PROBE } from './wire/request.ts';

/** Receives the responses to one request. */
export interface Receiver {
  /**
   * Called for each response. It points into bytes that are valid only during the call. A
   * DirectoryError thrown here fails the connection.
   */
  message(message: LdapMessage): void;
  /** The connection has failed. Called at most once. No other call follows it. */
  failed(error: DirectoryError): void;
}

/**
 * A connection to one directory server, on which a search may run indefinitely. Each response is
 * passed to the receiver of its request, synchronously and in the order of arrival. A response to a
 * forgotten request is ignored.
 *
 * States: new -> open (`open`) -> watched (`watch`) -> closed. `close` and `fail` lead to closed
 * from every state. `fail` reports the reason to every receiver; `close` does so only if it is
 * called with a reason.
 */
export class Connection {
  readonly url: string;
  readonly target: LdapUrl;
  readonly #transport: Transport;
  readonly #receivers = new Map<number, Receiver>();
  readonly #reader: PacedReader;
  #framer = this.#newFramer();
  #lastId = 0;
  readonly #ending = new AbortController();
  #watchdog: Watchdog | undefined;
  #probeId: number | undefined;
  #received = 0;
  #receivedAt = 0;
  #closedByServer = false;
  #delivered = false;
  #progressed = false;
  #refreshing = false;

  constructor(url: string, now: () => number = () => performance.now()) {
    this.url = url;
    this.target = parseLdapUrl(url);
    this.#transport = new Transport({
      data: (bytes) => {
        this.#received += bytes.length;
        this.#receivedAt = now();
        return this.#reader.take(bytes);
      },
      closed: (cause) => {
        this.#reader.finish();
        this.#closedByServer = cause === undefined;
        const silentMilliseconds = this.#received === 0 ? undefined : now() - this.#receivedAt;
        this.fail(closedError(this.target, url, silentMilliseconds, cause));
      },
    });
    const decode = (bytes: Buffer, shouldContinue: () => boolean) => this.#decode(bytes, shouldContinue);
    this.#reader = new PacedReader(decode, () => this.#transport.resume(), now);
  }

  /**
   * Connects to the URL, over TLS for ldaps. StartTLS (`secure`) and the bind are separate calls.
   */
  open(material: TlsMaterial | undefined, startTls: boolean): Promise<void> {
    return this.#transport.open(this.target, material, startTls);
  }

  /**
   * Starts TLS on the open connection. Rejects with a DirectoryError if unprotected bytes follow
   * the StartTLS response, because they must not be read as if TLS had protected them.
   */
  async secure(material: TlsMaterial | undefined): Promise<void> {
    if (this.target.scheme === 'ldapi') throw new Error('a unix socket is not secured');
    if (!this.#framer.idle || this.#reader.hasPending)
      throw new DirectoryError(`${this.url}: bytes followed the answer to StartTLS unprotected`);
    await this.#transport.secure(this.target.host, material);
    this.#framer = this.#newFramer();
  }

  get closed(): boolean {
    return this.ended.aborted;
  }

  /**
   * Whether the server has closed the connection in an orderly way, as servers do with idle
   * connections.
   */
  get closedByServer(): boolean {
    return this.#closedByServer;
  }

  /** The number of bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /**
   * Aborted when the connection is closed. If the connection has failed, the reason is the
   * DirectoryError.
   */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  get isRefreshing(): boolean {
    return this.#refreshing;
  }

  /**
   * Sends a request and returns its message id. If the connection is closed, `receiver.failed` is
   * called in a microtask.
   */
  send(operation: Buffer, receiver: Receiver, controls: readonly RequestControl[] = []): number {
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.closed) {
      queueMicrotask(() => receiver.failed(new DirectoryError(`${this.url}: the connection is closed`)));
      return id;
    }
    this.#receivers.set(id, receiver);
    this.#transport.write(encodeMessage(id, operation, controls));
    return id;
  }

  /** Ignores all further responses to this request. */
  forget(id: number): void {
    this.#receivers.delete(id);
  }

  /** Forgets a request and asks the server to stop it. The server need not answer that. */
  abandon(id: number): void {
    this.forget(id);
    if (this.closed) return;
    this.#lastId += 1;
    this.#transport.write(encodeMessage(this.#lastId, encodeAbandon(id)));
  }

  /**
   * Sends a request that has exactly one response, which `read` decodes. Rejects with a
   * DirectoryError when the connection fails.
   */
  ask<T>(operation: Buffer, read: (message: LdapMessage) => T, controls: readonly RequestControl[] = []): Promise<T> {
    return new Promise((resolve, reject) => {
      const receiver = {
        message: (message: LdapMessage) => {
          // If `read` throws, the receiver is still registered, and `failed` is called for it.
          const answer = read(message);
          this.forget(id);
          resolve(answer);
        },
        failed: reject,
      };
      const id = this.send(operation, receiver, controls);
    });
  }

  /**
   * Starts the watchdog. It probes a silent peer, and fails the connection if the peer stays
   * silent; see `Liveness`.
   */
  watch(deadAfterMilliseconds: number): void {
    const { url } = this;
    const actions = { url, probe: () => this.#probe(), fail: (error: DirectoryError) => this.fail(error) };
    this.#watchdog = new Watchdog(actions, deadAfterMilliseconds);
  }

  /**
   * Sets whether a refresh is under way. During a refresh the connection also fails if the server
   * answers only probes.
   */
  refreshing(under: boolean): void {
    this.#refreshing = under;
    if (under) this.#watchdog?.progressed();
    else this.#watchdog?.refreshed();
  }

  /**
   * Sends an unbind request and closes the connection. Calls the receivers only if there is a
   * `reason`.
   */
  close(reason?: DirectoryError): void {
    if (this.closed) return;
    const receivers = [...this.#receivers.values()];
    this.#end(reason);
    this.#transport.close(encodeMessage(this.#lastId + 1, encodeUnbind()));
    if (reason !== undefined) for (const receiver of receivers) receiver.failed(reason);
  }

  /**
   * Closes the connection at once, without an unbind request, and reports the reason to every
   * receiver.
   */
  fail(error: DirectoryError): void {
    if (this.closed) return;
    const receivers = [...this.#receivers.values()];
    this.#end(error);
    this.#transport.close();
    for (const receiver of receivers) receiver.failed(error);
  }

  #end(reason: DirectoryError | undefined): void {
    this.#receivers.clear();
    this.#reader.stop();
    this.#watchdog?.stop();
    this.#ending.abort(reason);
  }

  #newFramer(): Framer {
    return new Framer((bytes, start, end) => this.#dispatch(readMessage(bytes, start, end)), {
      shortened: (bytes, shortenedFrom) => this.#dispatch({ ...readMessage(bytes), shortenedFrom }),
    });
  }

  #decode(bytes: Buffer, shouldContinue: () => boolean): number {
    let decodedBytes: number;
    try {
      decodedBytes = this.#framer.push(bytes, shouldContinue);
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.fail(error);
      return bytes.length;
    }
    this.#watchdog?.received(decodedBytes);
    if (this.#delivered) this.#watchdog?.delivered();
    if (this.#progressed && this.#refreshing) this.#watchdog?.progressed();
    this.#delivered = false;
    this.#progressed = false;
    return decodedBytes;
  }

  #dispatch(message: LdapMessage): void {
    if (this.closed) return;
    if (message.id === 0) {
      const error = disconnectionError(this.url, message);
      if (error !== undefined) this.fail(error);
      return;
    }
    if (message.id < 0 || message.id > this.#lastId)
      throw malformed(`it answers request ${message.id}, which was never sent`);
    this.#delivered = true;
    const receiver = this.#receivers.get(message.id);
    if (receiver === undefined) return;
    if (message.id !== this.#probeId) this.#progressed = true;
    receiver.message(message);
  }

  #probe(): void {
    if (this.#probeId !== undefined) this.forget(this.#probeId);
    this.#probeId = this.send(ROOT_DSE_PROBE, { message: () => {}, failed: () => {} });
  }
}
