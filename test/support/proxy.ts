import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Operation } from './ldap-framer.ts';
import { ProxyChannel, type Verdict } from './proxy-channel.ts';

export type Direction = 'up' | 'down';

/** One client's connection through the proxy. */
export interface ProxyConnection {
  /** From the client to the server. */
  readonly up: ProxyChannel;
  /** From the server to the client. */
  readonly down: ProxyChannel;
  readonly open: boolean;
  /** FIN to both sides, at once. */
  close(): void;
  /** RST to both sides. */
  reset(): void;
}

/** An LDAP message that the proxy holds back until it is told what becomes of it. */
export interface Held {
  readonly connection: ProxyConnection;
  forward(): void;
  /** It goes on though its sender may have gone, and nothing follows it. */
  forwardLate(): void;
  drop(): void;
  /** Its first bytes go on, then the connection ends. */
  cut(bytes: number, how: 'close' | 'reset'): void;
}

interface Waiting {
  readonly direction: Direction;
  readonly operation: Operation;
  remaining: number;
  readonly arrived: (held: Held) => void;
}

/**
 * A TCP proxy on 127.0.0.1 that damages what passes as a test tells it, in front of one port. New connections pass everything
 * until a hook given to `onConnection` says otherwise. Messages can be held by kind and number, so that a test hits one step exactly.
 */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #hooks = new Set<(connection: ProxyConnection) => void>();
  readonly #connections: ProxyConnection[] = [];
  #waiting: Waiting[] = [];
  readonly #counts = new Map<string, number>();
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

  /** How many messages of this kind came so far, over all connections. */
  count(direction: Direction, operation: Operation): number {
    return this.#counts.get(`${direction} ${operation}`) ?? 0;
  }

  /** Called with each new connection before its first byte; returns how to end that. */
  onConnection(hook: (connection: ProxyConnection) => void): () => void {
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /** Waits for the `nth` message of this kind from now on, over all connections, and holds it and what follows it there. */
  hold(direction: Direction, operation: Operation, nth = 1): Promise<Held> {
    return new Promise((arrived) => this.#waiting.push({ direction, operation, remaining: nth, arrived }));
  }

  /** Nobody can connect until `accept`; what is connected stays. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Listens, at first on a free port, later on the same one again. */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    this.#port = address.port;
  }

  /** New connections go to another port. */
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
      socket.on('error', () => {}); // the channel that reads from it sees it too
      socket.once('close', () => this.#sockets.delete(socket));
    }
    let open = true;
    const finish = (how: 'close' | 'reset') => {
      if (!open) return;
      open = false;
      connection.up.release();
      connection.down.release();
      for (const socket of [client, server]) {
        // A socket whose FIN is out cannot be reset: Node.js would neither do it nor close the socket.
        if (how === 'reset' && !socket.connecting && !socket.writableEnded) socket.resetAndDestroy();
        else if (how === 'close' && socket.writable) socket.end(() => socket.destroy());
        else socket.destroy();
      }
    };
    const channel = (direction: Direction, source: Socket, target: Socket) =>
      new ProxyChannel(source, target, { judge: (operation) => this.#judge(direction, operation, connection), finish });
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

  #judge(direction: Direction, operation: Operation, connection: ProxyConnection): Verdict | Promise<Verdict> {
    this.#counts.set(`${direction} ${operation}`, this.count(direction, operation) + 1);
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

/** Starts a proxy in front of a port of 127.0.0.1. Call `close` on it. */
export async function startProxy(targetPort: number): Promise<FaultProxy> {
  const proxy = new FaultProxy(targetPort);
  await proxy.accept();
  return proxy;
}
