import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import type { PublishedEvent } from '../domain/event.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import { createOperatorApp, type OperatorAppOptions } from './app.ts';
import { guardedServer } from './guarded-server.ts';
import { type ListenAddress, OperatorError, readAddress, showAddress } from './listen-address.ts';
import { prepareSocketPath, withSocketMode } from './unix-socket.ts';

export interface OperatorOptions extends OperatorAppOptions {
  /**
   * The events of the service, from before its first connection on. All answers derive from them.
   * Errors of the observable are ignored.
   */
  readonly events$: EventSource;
  /**
   * Allows an address that other hosts can reach; the interface has no password. Default: false.
   */
  readonly allowRemote?: boolean;
  /** Resolves a host name. Default: the system's resolver. */
  readonly lookUp?: (host: string) => Promise<{ readonly address: string }>;
}

/** The part of an Observable that is used here. */
interface EventSource {
  subscribe(observer: { next(event: PublishedEvent): void; error(error: unknown): void }): { unsubscribe(): void };
}

/** The operator interface: one state, which is served on any number of addresses. */
export interface Operator {
  /**
   * Listens on a loopback address `HOST:PORT` (port 0: any free one) or on `unix:/path`. Resolves
   * to the address, with the actual port, in the form that the commands accept. Rejects with an
   * OperatorError if it cannot listen, or if the address is not loopback.
   */
  listen(address: string): Promise<string>;
  /** Ends all readers and stops listening. The socket files are removed. */
  close(): Promise<void>;
}

export interface OperatorServerOptions extends OperatorOptions {
  readonly listen: string;
}

export interface OperatorServer {
  /** The address that it listens on. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * How long readers may take to receive the remaining events when the server closes, in
 * milliseconds.
 */
const CLOSE_TIMEOUT_MILLISECONDS = 500;

/**
 * Creates the operator interface. It serves the live page at `/`, the paths that the page and the
 * commands read (`/status`, `/events`, `/history`, `/metrics`, `/healthz`, `/readyz`) and, on a
 * Unix socket, the orders. It takes events from now on, and listens only after `listen`.
 */
export function openOperator(options: OperatorOptions): Operator {
  const operator = createOperatorApp(options);
  const subscription = options.events$.subscribe({ next: operator.take, error: () => undefined });
  const servers: Server[] = [];
  return {
    listen: async (wanted) => {
      const address = readAddress(wanted);
      const listenAddress = address.kind === 'tcp' ? await resolvedAddress(address, options) : address;
      const server = guardedServer(operator.app.fetch, {
        host: address.kind === 'tcp' ? address.host : 'localhost',
        takesOrders: address.kind === 'unix',
      });
      await listen(server, listenAddress);
      servers.push(server);
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      return showAddress(address.kind === 'tcp' ? { ...address, port } : address);
    },
    close: async () => {
      subscription.unsubscribe();
      operator.close();
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** Creates the operator interface and listens on one address. Rejects as `Operator.listen` does. */
export async function startOperatorServer({
  listen: address,
  ...options
}: OperatorServerOptions): Promise<OperatorServer> {
  const operator = openOperator(options);
  try {
    return { address: await operator.listen(address), close: operator.close };
  } catch (error) {
    await operator.close();
    throw error;
  }
}

/**
 * Resolves the address to listen on. Rejects a name that does not resolve to loopback, because
 * other hosts could then connect.
 */
async function resolvedAddress(
  { host, port }: ListenAddress & { kind: 'tcp' },
  { allowRemote = false, lookUp = lookup }: OperatorOptions,
): Promise<ListenAddress> {
  const remote = (what: string) =>
    new OperatorError(
      `the operator interface may not listen on ${what}`,
      'use 127.0.0.1, [::1] or a Unix socket; operator.allowRemote: true lets other hosts connect, without a password',
    );
  if (!allowRemote && !isLoopbackHost(host)) throw remote(host);
  const { address } = await lookUp(host).catch((error: unknown) => {
    throw new OperatorError(
      `the name ${host} of the operator interface cannot be resolved`,
      'write operator.listen with an address: 127.0.0.1 or [::1]',
      error,
    );
  });
  if (!allowRemote && !isLoopbackHost(address)) throw remote(`${host}, which is ${address} here`);
  return { kind: 'tcp', host: address, port };
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  if (address.kind === 'unix') await prepareSocketPath(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
    server.once('listening', resolve);
    if (address.kind === 'unix') withSocketMode(() => server.listen(address.path));
    else server.listen(address.port, address.host);
  });
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): OperatorError {
  const remedies: Record<string, string> = {
    EADDRNOTAVAIL: 'this host has no such address: give operator.listen another one, such as 127.0.0.1:9465',
    EADDRINUSE: 'another program listens there: stop it, or give operator.listen another address',
    EACCES:
      address.kind === 'unix'
        ? 'the folder of the socket is missing, or the service may not write to it: create it (RuntimeDirectory= in a systemd unit)'
        : 'the service may not listen there: choose a port above 1023',
    ENOENT: 'the folder of the socket does not exist: create it (RuntimeDirectory= in a systemd unit)',
  };
  const remedy = remedies[error.code ?? ''] ?? 'give operator.listen another address';
  return new OperatorError(`cannot listen on ${showAddress(address)}: ${error.message}`, remedy, error);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const closeTimer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MILLISECONDS);
    server.close(() => {
      clearTimeout(closeTimer);
      resolve();
    });
  });
}
