import { DirectoryError, RefreshStuck } from '../domain/directory-error.ts';
import { Liveness } from './liveness.ts';

/** The actions of the watchdog on its connection. */
export interface WatchedConnection {
  readonly url: string;
  /** Sends a cheap request that the peer has to answer. */
  probe(): void;
  fail(error: DirectoryError): void;
}

/**
 * Probes a silent peer and fails the connection to a dead one, at the times that `Liveness`
 * returns. It runs from its construction until `stop`.
 */
export class Watchdog {
  readonly #connection: WatchedConnection;
  readonly #deadAfter: number;
  readonly #liveness: Liveness;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(connection: WatchedConnection, deadAfterMilliseconds: number) {
    this.#connection = connection;
    this.#deadAfter = deadAfterMilliseconds;
    this.#liveness = new Liveness(deadAfterMilliseconds, performance.now());
    this.#judge();
  }

  /** Bytes were received. */
  received(bytes: number): void {
    this.#liveness.received(performance.now(), bytes);
  }

  /** Whole messages were received. */
  delivered(): void {
    this.#liveness.delivered();
  }

  /** A refresh began, or an entry of it was received. */
  progressed(): void {
    this.#liveness.progressed(performance.now());
  }

  /** The refresh has ended. */
  refreshed(): void {
    this.#liveness.refreshed();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #judge(): void {
    if (this.#stopped) return;
    const verdict = this.#liveness.judge(performance.now());
    switch (verdict.kind) {
      case 'silent':
      case 'garbled':
      case 'stuck':
        this.#connection.fail(livenessError(verdict.kind, this.#connection.url, this.#deadAfter));
        return;
      case 'probe':
        this.#connection.probe();
        break;
      case 'alive':
        break;
    }
    // setImmediate lets pending data be read first. Otherwise a process that was suspended would
    // give up a peer that has answered.
    const later = () => setImmediate(() => this.#judge());
    this.#timer = setTimeout(later, Math.ceil(verdict.inMilliseconds));
  }
}

function livenessError(why: 'silent' | 'garbled' | 'stuck', url: string, deadAfter: number): DirectoryError {
  switch (why) {
    case 'silent':
      return new DirectoryError(`${url}: silent peer: nothing was received for ${deadAfter} ms, though asked`, {
        remedy:
          'the network or a firewall swallows the connection, or the server hangs: it is connected to again by itself (reconnect.deadAfter)',
      });
    case 'garbled':
      return new DirectoryError(`${url}: bytes came for ${2 * deadAfter} ms, but no whole message`, {
        remedy:
          'something between service and directory alters or slows the bytes: it is connected to again by itself (reconnect.deadAfter)',
      });
    case 'stuck':
      return new RefreshStuck(
        `${url}: the refresh made no progress for ${deadAfter} ms, though the directory answers`,
        {
          remedy:
            '389 Directory Server falls silent where the size limit of the account in directory.bindDn is hit (set nsSizeLimit -1 on it) and where directory.base does not exist; a server that never ends a refresh, such as ApacheDS, needs directory.subscription: persistentSearch; elsewhere index the attributes of the filter, or raise reconnect.deadAfter',
        },
      );
  }
}
