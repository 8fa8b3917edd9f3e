import net from 'node:net';
import tls from 'node:tls';
import { defined } from '../domain/defined.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import type { LdapUrl } from './ldap-url.ts';
import type { TlsMaterial } from './tls-material.ts';

/** The size of the read buffer, in bytes. */
const READ_SIZE = 64 * 1024;

/** Idle time before the kernel's own keepalive probes begin, in milliseconds. */
const KEEPALIVE_AFTER = 30_000;

/** The events of a transport. */
export interface TransportEvents {
  /**
   * Bytes were read. They are valid only during the call. If it returns false, reading pauses until
   * `resume`. Bytes that were already read may still be delivered.
   */
  data(bytes: Buffer): boolean;
  /** The socket is closed. Called at most once. `cause` is undefined after an orderly end. */
  closed(cause: Error | undefined): void;
}

/**
 * A byte stream to the directory over TCP, TLS or a unix socket. It reads into one reused buffer,
 * so that a refresh of a million entries creates no garbage. After StartTLS Node.js cannot do that,
 * and each chunk has its own buffer.
 *
 * States: idle -> open (`open`) -> [secured (`secure`)] -> closed (`close`, the peer, or an error).
 */
export class Transport {
  readonly #events: TransportEvents;
  #socket: net.Socket | undefined;
  #cause: Error | undefined;
  #closed = false;

  constructor(events: TransportEvents) {
    this.#events = events;
  }

  /**
   * Connects. `startTlsFollows` says whether StartTLS will follow. Rejects with Node.js's error.
   */
  open(url: LdapUrl, material: TlsMaterial | undefined, startTlsFollows: boolean): Promise<void> {
    const address = url.scheme === 'ldapi' ? { path: url.path } : { host: url.host, port: url.port };
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_SIZE),
      callback: (length: number, bytes: Uint8Array) =>
        this.#receive(Buffer.from(bytes.buffer, bytes.byteOffset, length)),
    };
    if (url.scheme === 'ldaps') {
      const options = { ...address, ...tlsOptions(url.host, material), onread };
      return this.#attach(tls.connect(options as tls.ConnectionOptions), 'secureConnect');
    }
    if (!startTlsFollows) return this.#attach(net.connect({ ...address, onread }), 'connect');
    return this.#attach(net.connect(address), 'connect', 'chunks');
  }

  /**
   * Starts TLS on the open connection and verifies the certificate against `host`. Rejects with
   * Node.js's error.
   */
  secure(host: string, material: TlsMaterial | undefined): Promise<void> {
    const plain = this.#socket;
    if (plain === undefined || this.#closed) return Promise.reject(new Error('the connection is closed'));
    plain.removeAllListeners('data');
    plain.removeAllListeners('error');
    plain.removeAllListeners('close');
    plain.on('error', () => {});
    const secured = tls.connect({ socket: plain, ...tlsOptions(host, material) });
    secured.once('close', () => plain.destroy());
    return this.#attach(secured, 'secureConnect', 'chunks');
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  /** Resumes reading after `data` returned false. */
  resume(): void {
    this.#socket?.resume();
  }

  /**
   * Sends `finalBytes`, if there are any and nothing else waits to be sent, and closes the socket.
   * `closed` is not called any more.
   */
  close(finalBytes?: Buffer): void {
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    if (socket === undefined) return;
    const canSend = finalBytes !== undefined && !socket.connecting && socket.writableLength === 0;
    if (!canSend) {
      socket.destroy();
      return;
    }
    socket.write(finalBytes);
    socket.destroySoon();
  }

  #attach(socket: net.Socket, ready: 'connect' | 'secureConnect', how: 'buffer' | 'chunks' = 'buffer'): Promise<void> {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_AFTER);
    if (how === 'chunks') {
      socket.on('data', (bytes: Buffer) => {
        if (!this.#receive(bytes)) socket.pause();
      });
    }
    return new Promise((resolve, reject) => {
      socket.once(ready, resolve);
      socket.on('error', (error) => {
        this.#cause ??= error;
        reject(error);
      });
      socket.once('close', () => {
        reject(this.#cause ?? new DirectoryError('the directory closed the connection'));
        if (this.#closed) return;
        this.#closed = true;
        this.#events.closed(this.#cause);
      });
    });
  }

  #receive(bytes: Buffer): boolean {
    return !this.#closed && this.#events.data(bytes);
  }
}

/**
 * The TLS options that verify the server's certificate and present the client's. They always name
 * the host, because otherwise Node.js verifies the certificate of a StartTLS connection against
 * `localhost`.
 */
function tlsOptions(host: string, material: TlsMaterial | undefined): tls.ConnectionOptions {
  const { authorities, client } = material ?? {};
  return {
    host,
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...defined({ ca: authorities }),
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  };
}
