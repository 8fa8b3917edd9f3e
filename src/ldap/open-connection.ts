import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import { Connection } from './connection.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import { connectionError, resultError } from './remedies.ts';
import { readAuthorities } from './transport.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { encodeBind, encodeExtended, START_TLS } from './wire/request.ts';

/**
 * Connects to one URL, secures the connection if `access` says so (it never falls back to plain
 * text), and binds. Rejects with a DirectoryError that names the remedy, at the latest after
 * `access.timeoutMilliseconds`, or when the signal is aborted. An abort later on closes the
 * connection.
 */
export async function openConnection(access: DirectoryAccess, url: string, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const connection = new Connection(url);
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(connectTimeout(url, access.timeoutMilliseconds)), access.timeoutMilliseconds);
    const abort = () => {
      // Without the reason, pending requests on the connection would never be told.
      connection.close(signal.reason instanceof DirectoryError ? signal.reason : undefined);
      reject(signal.reason);
    };
    // Remove the listener by hand: `{ signal }` would leak it on Node.js 20.
    signal.addEventListener('abort', abort);
    connection.ended.addEventListener('abort', () => signal.removeEventListener('abort', abort));
  });
  try {
    await Promise.race([setUp(connection, access), timedOut]);
    return connection;
  } catch (error) {
    connection.close();
    throw signal.aborted ? error : connectionError(url, error);
  } finally {
    clearTimeout(timer);
  }
}

async function setUp(connection: Connection, access: DirectoryAccess): Promise<void> {
  const { scheme } = connection.target;
  const startTls = access.startTls && scheme === 'ldap';
  const authorities = startTls || scheme === 'ldaps' ? await readAuthorities(access.caFile) : undefined;
  await connection.open(authorities, startTls);
  if (startTls) await secure(connection, authorities);
  const credentials = await readCredentials(access, connection.url);
  if (credentials !== undefined) await bind(connection, credentials);
}

async function secure(connection: Connection, authorities: string | undefined): Promise<void> {
  const result = await connection.ask(encodeExtended(START_TLS), readLdapResult);
  if (result.resultCode !== ResultCode.success) {
    throw resultError(
      `StartTLS on ${connection.url}`,
      result,
      'give the directory server a certificate (slapd: TLSCertificateFile and TLSCertificateKeyFile), or use ldaps:// or ldapi://',
    );
  }
  await connection.secure(authorities);
}

async function bind(connection: Connection, { dn, password }: Credentials): Promise<void> {
  const result = await connection.ask(encodeBind(dn, password), readLdapResult);
  if (result.resultCode !== ResultCode.success) throw resultError(`bind to ${connection.url} as ${dn}`, result);
}

function connectTimeout(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: not connected and bound within ${milliseconds} ms`, {
    remedy:
      'check the network and the firewalls between this machine and the directory, and whether the server is overloaded or hangs',
  });
}
