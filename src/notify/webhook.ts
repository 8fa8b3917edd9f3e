import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request as requestOpen } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import { connect } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import { defined } from '../domain/defined.ts';
import { jsonOf } from './message-json.ts';
import type { Sender } from './message-words.ts';
import { type Receiver, Refused } from './outbox.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Reads the accepted certificate authorities in PEM form; undefined: those of Node.js. Called
   * once for each connection.
   */
  readonly readAuthorities: () => Promise<string | undefined>;
  /** The value of User-Agent: `PROGRAM/VERSION`. */
  readonly agent: string;
  readonly sender: Sender;
}

/** Posts messages as JSON, each on a connection of its own. Redirects are not followed. */
export function webhookReceiver(options: WebhookOptions): Receiver {
  const url = new URL(options.url);
  return {
    name: 'webhook',
    // The path is often a secret that authorizes the sender.
    target: url.origin,
    send: async (message, signal) => post(url, jsonOf(message, options.sender), options, signal),
  };
}

/** Connects, with TLS if the URL says so, and sends no request. */
export async function tryWebhook({ url, readAuthorities }: WebhookOptions, signal: AbortSignal): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isEncrypted = protocol === 'https:';
  const address = { host, port: Number(port === '' ? (isEncrypted ? 443 : 80) : port) };
  const tls = isEncrypted ? await tlsOptions(readAuthorities) : {};
  signal.throwIfAborted();
  const socket = isEncrypted
    ? connectEncrypted({ ...address, ...tls, servername: servername(host) })
    : connect(address);
  const abort = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, isEncrypted ? 'secureConnect' : 'connect');
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function post(url: URL, body: string, options: WebhookOptions, signal: AbortSignal): Promise<void> {
  const isEncrypted = url.protocol === 'https:';
  const given: RequestOptions = {
    method: 'POST',
    headers: {
      'user-agent': options.agent,
      ...options.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
    agent: false,
    signal,
    ...(isEncrypted ? await tlsOptions(options.readAuthorities) : {}),
  };
  const request = isEncrypted ? requestEncrypted(url, given) : requestOpen(url, given);
  request.end(body);
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) throw refusal(statusCode);
  } finally {
    // The body of the response is not used, and may never end.
    request.on('error', () => undefined);
    request.destroy();
  }
}

/** The statuses by which a receiver asks for another attempt (RFC 9110, RFC 6585). */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

function refusal(status: number): Error {
  if (status >= 500 || RETRYABLE.has(status)) return new Error(`the receiver answers with status ${status}`);
  if (status >= 400) return new Refused(`the receiver refuses it with status ${status}`);
  return new Refused(`the receiver answers with a redirect (status ${status}), which is not followed`);
}

async function tlsOptions(readAuthorities: WebhookOptions['readAuthorities']) {
  const authorities = await readAuthorities();
  return { minVersion: 'TLSv1.2' as const, ...defined({ ca: authorities }) };
}

function servername(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
