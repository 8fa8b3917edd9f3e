import ldapjs, { type Client, type ClientOptions } from 'ldapjs';
import errors from 'ldapjs/lib/errors/index.js';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import { checkAnswers } from './checked-answers.ts';
import { readCredentials } from './credentials.ts';
import { parseLdapUrl } from './ldap-url.ts';
import { connectionError, noAnswer, resultError } from './remedies.ts';
import { readAuthorities } from './transport.ts';

// ldapjs (pinned exactly) makes errors of results through this function. Its own one throws out of the socket's handler for
// codes that it has no class for, which ends the process, and drops the server's diagnostic message.
errors.getError = ({ status, diagnosticMessage, referrals }) =>
  resultError('the directory answered', {
    resultCode: status,
    ...(diagnosticMessage === undefined ? {} : { diagnosticMessage }),
    ...(referrals === undefined ? {} : { referrals }),
  });

/** A bound ldapjs client for ordinary operations, never used again once it failed. */
export interface BoundClient {
  readonly client: Client;
  /** Why the connection is of no use any more; undefined while it is. */
  readonly failure: () => DirectoryError | undefined;
  close(): void;
}

/**
 * Connects an ldapjs client to one URL, secured as the access says, and binds it. All that together has a time limit, and so has
 * every request; nothing is reconnected behind the caller's back. Rejects with a DirectoryError that names the remedy. The signal, whose reason is a
 * DirectoryError, ends it at any time, connected or not: every request that waits is told so at once.
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
  // The type insists on a URL, the client on either.
  const client = ldapjs.createClient(options as unknown as ClientOptions);
  let failure: DirectoryError | undefined;
  const ended = new AbortController();
  const fail = (cause: unknown): void => {
    failure ??= connectionError(url, cause);
    ended.abort(failure);
    client.destroy();
  };
  // ldapjs connects to the host as the URL writes it, and no address has brackets.
  if ('host' in target && target.host.includes(':')) hostOf(client).hostname = target.host;
  // The signal outlives many clients: each takes its listener along. (Given the other signal, addEventListener forgets to.)
  const abort = () => fail(signal.reason);
  signal.addEventListener('abort', abort);
  ended.signal.addEventListener('abort', () => signal.removeEventListener('abort', abort));
  client.on('error', fail);
  client.on('close', () => fail(new DirectoryError(`${url}: the directory closed the connection`)));
  // A request without an answer means that the peer hangs or is cut off: the others on this connection wait in vain too.
  client.on('timeout', () => fail(noAnswer(url, access.timeoutMilliseconds)));

  const close = (): void => fail(new DirectoryError(`${url}: the connection was closed`));
  // A client that is destroyed while it connects, or secures the connection, tells nobody who waits for that.
  const over = new Promise<never>((_resolve, reject) => {
    ended.signal.addEventListener('abort', () => reject(ended.signal.reason));
  });
  over.catch(() => {});
  const once = (start: (settle: (error?: unknown) => void) => void) => Promise.race([settled(start), over]);
  // ldapjs watches each step but the TLS handshake of StartTLS, for which a silent peer would be waited for without end.
  const limit = setTimeout(() => fail(noAnswer(url, access.timeoutMilliseconds)), access.timeoutMilliseconds);
  try {
    await once((settle) => {
      for (const name of ['connectError', 'connectTimeout', 'connectRefused']) client.on(name, settle);
      client.on('connect', () => {
        if (ended.signal.aborted) {
          client.destroy(); // once more, as it had no socket before
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
    // What ended the client is the reason, not what ldapjs tells its waiting requests then.
    const cause = failure ?? connectionError(url, error);
    close();
    throw cause;
  } finally {
    clearTimeout(limit);
  }
  return { client, failure: () => failure, close };
}

/** What the client connects to: it has one URL. */
function hostOf(client: Client): { hostname: string } {
  const [url] = (client as unknown as { readonly urls: ReadonlyArray<{ hostname: string }> }).urls;
  if (url === undefined) throw new Error('ldapjs has no URL');
  return url;
}

/** ldapjs calls some callbacks twice: the first one counts. */
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

/** The name for the TLS server name indication, which takes no addresses (RFC 6066, section 3). */
function nameOf(host: string): string {
  return /^[0-9.]+$|:/.test(host) ? '' : host;
}
