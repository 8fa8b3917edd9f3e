import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import { bind } from './bind.ts';
import { Connection } from './connection.ts';
import { connectionError } from './connection-error.ts';
import { refusedCertificate } from './external-bind.ts';
import { resultError } from './remedies.ts';
import { readTlsMaterial, type TlsMaterial } from './tls-material.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { encodeExtended, START_TLS } from './wire/request.ts';
import { WHO_AM_I } from './wire/who-am-i.ts';

/**
 * Connects to one URL, secures the connection if `access` requires it (it never falls back to plain
 * text), and binds. Rejects with a DirectoryError that names the remedy, after
 * `access.timeoutMilliseconds` at the latest, or when the signal is aborted. A later abort closes
 * the connection.
 */
export async function openConnection(access: DirectoryAccess, url: string, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const connection = new Connection(url);
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(connectTimeout(url, access.timeoutMilliseconds)), access.timeoutMilliseconds);
    const abort = () => {
      // Without the reason, pending requests on the connection would never end.
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
  const material = startTls || scheme === 'ldaps' ? await readTlsMaterial(access.tls) : undefined;
  let secured = false;
  try {
    await connection.open(material, startTls);
    if (startTls) await secure(connection, material);
    secured = material !== undefined;
    // With TLS 1.3 only an answer shows that the server has accepted the client's certificate.
    if (secured && access.authentication.method === 'anonymous')
      await connection.ask(encodeExtended(WHO_AM_I), readLdapResult);
    await bind(connection, access.authentication);
  } catch (error) {
    if (material === undefined) throw error;
    const { url, closedByServer } = connection;
    throw refusedCertificate(url, { error, secured, closedByServer }, presentedBy(access, material)) ?? error;
  }
}

function presentedBy({ tls: { client: source } }: DirectoryAccess, { client }: TlsMaterial) {
  return source === null || client === undefined ? undefined : { source, client };
}

async function secure(connection: Connection, material: TlsMaterial | undefined): Promise<void> {
  const result = await connection.ask(encodeExtended(START_TLS), readLdapResult);
  if (result.resultCode !== ResultCode.success) {
    throw resultError(
      `StartTLS on ${connection.url}`,
      result,
      'give the directory server a certificate (slapd: TLSCertificateFile and TLSCertificateKeyFile), or use ldaps:// or ldapi://',
    );
  }
  await connection.secure(material);
}

function connectTimeout(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: not connected and bound within ${milliseconds} ms`, {
    remedy:
      'check the network and the firewalls between this machine and the directory, and whether the server is overloaded or hangs',
  });
}
