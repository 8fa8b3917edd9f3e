import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryAccess } from './access.ts';
import { Connection } from './connection.ts';
import { connectionError, resultError } from './remedies.ts';
import { readAuthorities } from './transport.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { encodeBind, encodeExtended, START_TLS } from './wire/request.ts';

/**
 * Connects to one URL, secures the connection where the access says so (there is no way back to plain text), and binds.
 * Rejects with a DirectoryError that names the remedy; at the latest after `access.timeoutMilliseconds`, or when the signal is
 * aborted. The signal closes the connection afterwards too.
 */
export async function openConnection(access: DirectoryAccess, url: string, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const connection = new Connection(url);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(noAnswer(url, access.timeoutMilliseconds)), access.timeoutMilliseconds);
    const abort = () => {
      connection.close();
      reject(signal.reason);
    };
    // The signal outlives many connections: each takes its listener along.
    signal.addEventListener('abort', abort, { once: true, signal: connection.ended });
  });
  try {
    await Promise.race([setUp(connection, access), tooLate]);
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
  if (access.bindDn !== null) await bind(connection, access.bindDn, access.readPassword);
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

/** An empty password is refused here: servers take it for an anonymous bind (RFC 4513, section 5.1.2). */
async function bind(connection: Connection, dn: string, readPassword: () => Promise<string>): Promise<void> {
  const password = await readPassword();
  if (password === '') {
    throw new DirectoryError(`bind to ${connection.url} as ${dn}: the password is empty`, {
      remedy: 'put the password of directory.bindDn into its bindPasswordFile, bindPassword or PROV_BIND_PASSWORD',
    });
  }
  const result = await connection.ask(encodeBind(dn, password), readLdapResult);
  if (result.resultCode !== ResultCode.success) throw resultError(`bind to ${connection.url} as ${dn}`, result);
}

function noAnswer(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: not connected and bound within ${milliseconds} ms`, {
    remedy:
      'check the network and the firewalls between this machine and the directory, and whether the server is overloaded or hangs',
  });
}
