import { DirectoryError } from '../domain/directory-error.ts';
import { Liveness } from './liveness.ts';

/** What the watchdog does to the connection. */
export interface WatchedConnection {
  readonly url: string;
  /** Asks the peer something cheap. */
  probe(): void;
  fail(error: DirectoryError): void;
}

/** Asks a silent peer and gives up a dead one, at the times that `Liveness` tells. Runs until `stop`. */
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

  /** So many bytes came. */
  received(bytes: number): void {
    this.#liveness.received(performance.now(), bytes);
  }

  /** Whole messages came. */
  delivered(): void {
    this.#liveness.delivered();
  }

  /** A refresh began or came further. */
  progressed(): void {
    this.#liveness.progressed(performance.now());
  }

  /** No refresh is under way any more. */
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
        this.#connection.fail(givenUp(verdict.kind, this.#connection.url, this.#deadAfter));
        return;
      case 'probe':
        this.#connection.probe();
        break;
      case 'alive':
        break;
    }
    // What waits in the socket is read before the next judgement: a process that was stopped for a while finds its peer alive.
    const later = () => setImmediate(() => this.#judge());
    this.#timer = setTimeout(later, Math.ceil(verdict.inMilliseconds));
  }
}

function givenUp(why: 'silent' | 'garbled' | 'stuck', url: string, deadAfter: number): DirectoryError {
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
      return new DirectoryError(
        `${url}: the refresh made no progress for ${deadAfter} ms, though the directory answers`,
        {
          remedy:
            '389 Directory Server falls silent where the size limit of the account in directory.bindDn is hit (set nsSizeLimit -1 on it) and where directory.base does not exist; elsewhere index the attributes of the filter, or raise reconnect.deadAfter',
        },
      );
  }
}
