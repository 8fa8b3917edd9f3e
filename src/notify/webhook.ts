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
   * The accepted authorities in PEM form, called at each connection; undefined: those of Node.js.
   */
  readonly readAuthorities: () => Promise<string | undefined>;
  /** `PROGRAM/VERSION`. */
  readonly agent: string;
  readonly sender: Sender;
}

/** Posts messages as JSON, each on a connection of its own. Redirects are not followed. */
export function webhookReceiver(options: WebhookOptions): Receiver {
  const url = new URL(options.url);
  return {
    name: 'webhook',
    // The path often is the secret by which the receiver knows its senders.
    target: url.origin,
    send: async (message, signal) => post(url, jsonOf(message, options.sender), options, signal),
  };
}

/** Connects, and by TLS where the URL says so, and asks for nothing. */
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
    // What it answers besides is of no use, and may have no end.
    request.on('error', () => undefined);
    request.destroy();
  }
}

/** The answers with which a receiver asks for another attempt (RFC 9110, RFC 6585). */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

function refusal(status: number): Error {
  if (status >= 500 || PASSING.has(status)) return new Error(`it answers with ${status}`);
  if (status >= 400) return new Refused(`it answers with ${status}`);
  return new Refused(`it answers with a redirect (${status}), which is not followed`);
}

async function tlsOptions(readAuthorities: WebhookOptions['readAuthorities']) {
  const authorities = await readAuthorities();
  return { minVersion: 'TLSv1.2' as const, ...defined({ ca: authorities }) };
}

function servername(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
