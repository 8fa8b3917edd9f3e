import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { errorText } from '../domain/error-text.ts';
import { passShortage } from '../host/shortage.ts';
import type { Authentication } from './access.ts';
import type { Connection } from './connection.ts';
import { externalRemedy } from './external-bind.ts';
import { resultError } from './remedies.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { encodeBind, encodeExternalBind } from './wire/request.ts';

/**
 * Binds the connection. Rejects with a DirectoryError if the server refuses the bind, or if the
 * password cannot be read or is empty. An empty password is refused because servers treat a bind
 * without a password as anonymous (RFC 4513, section 5.1.2).
 */
export async function bind(connection: Connection, authentication: Authentication): Promise<void> {
  const { url, target } = connection;
  switch (authentication.method) {
    case 'anonymous':
      return;
    case 'simple': {
      const { dn } = authentication;
      const password = await passwordFor(authentication, url);
      const result = await connection.ask(encodeBind(dn, password), readLdapResult);
      if (result.resultCode !== ResultCode.success) throw resultError(`bind to ${url} as ${dn}`, result);
      return;
    }
    case 'external': {
      const result = await connection.ask(encodeExternalBind(), readLdapResult);
      if (result.resultCode === ResultCode.success) return;
      const remedy = externalRemedy(target.scheme === 'ldapi' ? 'peer' : 'certificate', result.resultCode);
      throw resultError(`bind to ${url} by SASL EXTERNAL`, result, remedy);
    }
  }
}

async function passwordFor(
  { dn, readPassword }: Extract<Authentication, { method: 'simple' }>,
  url: string,
): Promise<string> {
  const password = await readPassword().catch((cause: unknown) => {
    passShortage(cause);
    throw new DirectoryError(`the password for ${dn} cannot be read: ${errorText(cause)}`, {
      remedy:
        'let the service read it where directory.bindPasswordFile or bindPasswordFd says; it is read again at each attempt',
      cause,
    });
  });
  if (password !== '') return password;
  throw new DirectoryError(`bind to ${url} as ${dn}: the password is empty`, {
    remedy: 'put the password of directory.bindDn into its bindPasswordFile, bindPassword or PROV_BIND_PASSWORD',
  });
}
