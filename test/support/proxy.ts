import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Operation } from './ldap-framer.ts';
import { type MessageVerdict, ProxyChannel } from './proxy-channel.ts';

export type Direction = 'up' | 'down';

/** One client's connection through the proxy. */
export interface ProxyConnection {
  /** From the client to the server. */
  readonly up: ProxyChannel;
  /** From the server to the client. */
  readonly down: ProxyChannel;
  readonly open: boolean;
  /** Sends FIN to both sides at once. */
  close(): void;
  /** Sends RST to both sides. */
  reset(): void;
}

/** An LDAP message that the proxy holds until the test decides about it. */
export interface HeldMessage {
  readonly connection: ProxyConnection;
  forward(): void;
  /** Sends it on even if its sender has gone; nothing follows it. */
  forwardLate(): void;
  drop(): void;
  /** Sends its first bytes on, then ends the connection. */
  cut(bytes: number, how: 'close' | 'reset'): void;
}

interface Waiting {
  readonly direction: Direction;
  readonly operation: Operation;
  remaining: number;
  readonly arrived: (held: HeldMessage) => void;
}

/**
 * A TCP proxy on 127.0.0.1 in front of one port. It causes the faults that a test requests. A new
 * connection passes everything until a hook of `onConnection` changes that. Messages can be held by
 * kind and number, so that a test can act at one exact step.
 */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #hooks = new Set<(connection: ProxyConnection) => void>();
  readonly #connections: ProxyConnection[] = [];
  #waiting: Waiting[] = [];
  readonly #counts = new Map<string, number>();
  readonly #tallies: Array<{ readonly kind: string; readonly counts: (message: Buffer) => boolean; count: number }> =
    [];
  #port = 0;
  #target: number;

  constructor(targetPort: number) {
    this.#target = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ldap://127.0.0.1:${this.#port}`;
  }

  /** Every connection so far, in order. */
  get connections(): readonly ProxyConnection[] {
    return this.#connections;
  }

  get open(): readonly ProxyConnection[] {
    return this.#connections.filter(({ open }) => open);
  }

  /** The number of messages of this kind so far, on all connections. */
  count(direction: Direction, operation: Operation): number {
    return this.#counts.get(`${direction} ${operation}`) ?? 0;
  }

  /** Counts the messages of this kind that satisfy `counts`, from now on. */
  tally(direction: Direction, operation: Operation, counts: (message: Buffer) => boolean): { readonly count: number } {
    const tally = { kind: `${direction} ${operation}`, counts, count: 0 };
    this.#tallies.push(tally);
    return tally;
  }

  /**
   * Calls `hook` for each new connection before its first byte. Returns a function that ends that.
   */
  onConnection(hook: (connection: ProxyConnection) => void): () => void {
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /**
   * Waits for the `nth` message of this kind from now on, on any connection, and holds it and
   * everything after it.
   */
  hold(direction: Direction, operation: Operation, nth = 1): Promise<HeldMessage> {
    return new Promise((arrived) => this.#waiting.push({ direction, operation, remaining: nth, arrived }));
  }

  /** Refuses new connections until `accept`. Existing ones stay. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Listens: at first on a free port, later on the same port again. */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    this.#port = address.port;
  }

  /** Forwards new connections to another port. */
  retarget(port: number): void {
    this.#target = port;
  }

  /** Ends every connection and the proxy. */
  async close(): Promise<void> {
    this.#waiting = [];
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve();
    this.#server.close(() => {});
    for (const connection of this.open) connection.reset();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // the channel that reads from the socket handles the error
      socket.once('close', () => this.#sockets.delete(socket));
    }
    let open = true;
    const finish = (how: 'close' | 'reset') => {
      if (!open) return;
      open = false;
      connection.up.release();
      connection.down.release();
      for (const socket of [client, server]) {
        // A socket after its FIN cannot be reset: Node.js would neither reset nor close it.
        if (how === 'reset' && !socket.connecting && !socket.writableEnded) socket.resetAndDestroy();
        else if (how === 'close' && socket.writable) socket.end(() => socket.destroy());
        else socket.destroy();
      }
    };
    const channel = (direction: Direction, source: Socket, target: Socket) =>
      new ProxyChannel(source, target, {
        judge: (operation, message) => this.#judge(direction, operation, message, connection),
        finish,
      });
    const connection: ProxyConnection = {
      up: channel('up', client, server),
      down: channel('down', server, client),
      get open() {
        return open;
      },
      close: () => finish('close'),
      reset: () => finish('reset'),
    };
    server.once('error', () => finish('reset'));
    client.once('close', () => {
      if (server.destroyed) open = false;
    });
    this.#connections.push(connection);
    for (const hook of this.#hooks) hook(connection);
    void Promise.all([connection.up.run(), connection.down.run()]).then(() => finish('close'));
  }

  #judge(
    direction: Direction,
    operation: Operation,
    message: Buffer,
    connection: ProxyConnection,
  ): MessageVerdict | Promise<MessageVerdict> {
    this.#counts.set(`${direction} ${operation}`, this.count(direction, operation) + 1);
    for (const tally of this.#tallies) {
      if (tally.kind === `${direction} ${operation}` && tally.counts(message)) tally.count += 1;
    }
    const matching = this.#waiting.filter((each) => each.direction === direction && each.operation === operation);
    for (const each of matching) each.remaining -= 1;
    const due = matching.find(({ remaining }) => remaining === 0);
    if (due === undefined) return 'forward';
    this.#waiting = this.#waiting.filter((each) => each !== due);
    return new Promise((decide) => {
      due.arrived({
        connection,
        forward: () => decide('forward'),
        forwardLate: () => decide('late'),
        drop: () => decide('drop'),
        cut: (bytes, how) => decide({ cut: bytes, how }),
      });
    });
  }
}

/** Starts a proxy in front of a port of 127.0.0.1. Call `close` at the end. */
export async function startProxy(targetPort: number): Promise<FaultProxy> {
  const proxy = new FaultProxy(targetPort);
  await proxy.accept();
  return proxy;
}
