import ldapjs, { type Client, type ClientOptions } from 'ldapjs';
import errors from 'ldapjs/lib/errors/index.js';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import { checkAnswers } from './checked-answers.ts';
import { readCredentials } from './credentials.ts';
import { parseLdapUrl } from './ldap-url.ts';
import { connectionError, noAnswer, resultError } from './remedies.ts';
import { readAuthorities } from './transport.ts';

// ldapjs (pinned to an exact version) turns results into errors with this function. The original
// throws in the socket's handler for result codes that it has no class for, which ends the process,
// and it drops the diagnostic message.
errors.getError = ({ status, diagnosticMessage, referrals }) =>
  resultError('the directory answered', {
    resultCode: status,
    ...(diagnosticMessage === undefined ? {} : { diagnosticMessage }),
    ...(referrals === undefined ? {} : { referrals }),
  });

/** A bound ldapjs client for ordinary operations. Once it has failed it is not used again. */
export interface BoundClient {
  readonly client: Client;
  /** Why the connection can no longer be used; undefined while it can. */
  readonly failure: () => DirectoryError | undefined;
  close(): void;
}

/**
 * Connects an ldapjs client to one URL, secures the connection as `access` says, and binds. All of
 * that together has one time limit, and so has each request. The client never reconnects by itself.
 * Rejects with a DirectoryError that names the remedy. The reason of the signal is a
 * DirectoryError: when the signal is aborted, before or after the connect, the client closes and
 * every pending request rejects.
 */
export async function connectClient(access: DirectoryAccess, url: string, signal: AbortSignal): Promise<BoundClient> {
  const target = parseLdapUrl(url);
  const startTls = access.startTls && target.scheme === 'ldap';
  const ca = startTls || target.scheme === 'ldaps' ? await readAuthorities(access.caFile) : undefined;
  const tls = ca === undefined ? {} : { ca };
  const credentials = await readCredentials(access, url);
  signal.throwIfAborted();
  const options = {
    ...(target.scheme === 'ldapi' ? { socketPath: target.path } : { url: [urlOf(target)] }),
    timeout: access.timeoutMilliseconds,
    connectTimeout: access.timeoutMilliseconds,
    reconnect: false,
    tlsOptions: { ...tls, ...('host' in target ? { servername: nameOf(target.host), host: target.host } : {}) },
  };
  // The type requires `url`; the client accepts `socketPath` instead.
  const client = ldapjs.createClient(options as unknown as ClientOptions);
  let failure: DirectoryError | undefined;
  const ended = new AbortController();
  const fail = (cause: unknown): void => {
    failure ??= connectionError(url, cause);
    ended.abort(failure);
    client.destroy();
  };
  // ldapjs connects to the host as the URL spells it, but an IPv6 address must be given without
  // brackets.
  if ('host' in target && target.host.includes(':')) hostOf(client).hostname = target.host;
  // Remove the listener by hand: `{ signal }` would leak it on Node.js 20.
  const abort = () => fail(signal.reason);
  signal.addEventListener('abort', abort);
  ended.signal.addEventListener('abort', () => signal.removeEventListener('abort', abort));
  client.on('error', fail);
  client.on('close', () => fail(new DirectoryError(`${url}: the directory closed the connection`)));
  // A request without a response means that the peer hangs or is unreachable, so no other request
  // on this connection gets a response either.
  client.on('timeout', () => fail(noAnswer(url, access.timeoutMilliseconds)));

  const close = (): void => fail(new DirectoryError(`${url}: the connection was closed`));
  // ldapjs calls no callback when a client is destroyed during connect or StartTLS, so `over`
  // rejects instead.
  const over = new Promise<never>((_resolve, reject) => {
    ended.signal.addEventListener('abort', () => reject(ended.signal.reason));
  });
  over.catch(() => {});
  const once = (start: (settle: (error?: unknown) => void) => void) => Promise.race([settled(start), over]);
  // ldapjs has a time limit for each step except the TLS handshake of StartTLS.
  const limit = setTimeout(() => fail(noAnswer(url, access.timeoutMilliseconds)), access.timeoutMilliseconds);
  try {
    await once((settle) => {
      for (const name of ['connectError', 'connectTimeout', 'connectRefused']) client.on(name, settle);
      client.on('connect', () => {
        if (ended.signal.aborted) {
          client.destroy(); // again: the first call found no socket
          return;
        }
        checkAnswers(client, fail);
        settle(null);
      });
      client.on('error', settle);
    });
    if (startTls && 'host' in target) {
      const secured = { ...tls, host: target.host, servername: nameOf(target.host) };
      await once((settle) => client.starttls(secured, [], settle));
    }
    if (credentials !== undefined) {
      const { dn, password } = credentials;
      await once((settle) => client.bind(dn, password, settle));
    }
  } catch (error) {
    // `failure` is the cause; the errors that ldapjs gives to pending requests only follow from it.
    const cause = failure ?? connectionError(url, error);
    close();
    throw cause;
  } finally {
    clearTimeout(limit);
  }
  return { client, failure: () => failure, close };
}

/** The object that ldapjs takes the host to connect to from. The client has exactly one URL. */
function hostOf(client: Client): { hostname: string } {
  const [url] = (client as unknown as { readonly urls: ReadonlyArray<{ hostname: string }> }).urls;
  if (url === undefined) throw new Error('ldapjs has no URL');
  return url;
}

/** A promise for a callback. ldapjs calls some callbacks twice; only the first call counts. */
function settled(start: (settle: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

function urlOf({ scheme, host, port }: { scheme: string; host: string; port: number }): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The name for the TLS server name indication; empty for an address, which is not allowed there
 * (RFC 6066, section 3).
 */
function nameOf(host: string): string {
  return /^[0-9.]+$|:/.test(host) ? '' : host;
}
