import { DirectoryError } from '../domain/directory-error.ts';

/** Where a directory listens. */
export type LdapUrl =
  | { readonly scheme: 'ldap' | 'ldaps'; readonly host: string; readonly port: number }
  | { readonly scheme: 'ldapi'; readonly path: string };

/** Where OpenLDAP listens on `ldapi:///`. */
const DEFAULT_SOCKET = '/var/run/slapd/ldapi';

/**
 * Reads an ldap://, ldaps:// or ldapi:// URL; what follows the host (a DN) is ignored. The path of ldapi:// is percent-encoded
 * (`ldapi://%2Frun%2Fslapd%2Fldapi`). Throws a DirectoryError.
 */
export function parseLdapUrl(text: string): LdapUrl {
  const [, scheme = '', authority = ''] = /^(ldaps?|ldapi):\/\/([^/?#]*)/i.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case 'ldapi':
      return { scheme: 'ldapi', path: authority === '' ? DEFAULT_SOCKET : decodePath(text, authority) };
    case 'ldap':
      return { scheme: 'ldap', ...hostAndPort(text, authority, 389) };
    case 'ldaps':
      return { scheme: 'ldaps', ...hostAndPort(text, authority, 636) };
    default:
      throw wrongUrl(text);
  }
}

function hostAndPort(text: string, authority: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:@[\]]*))(?::(\d{1,5}))?$/i.exec(authority);
  if (match === null) throw wrongUrl(text);
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65_535) throw wrongUrl(text);
  return { host: match[1] ?? (match[2] || 'localhost'), port };
}

function decodePath(text: string, encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw wrongUrl(text);
  }
}

function wrongUrl(text: string): DirectoryError {
  return new DirectoryError(`'${text}' is not the URL of a directory`, {
    remedy: 'write directory.url as ldap://HOST[:PORT], ldaps://HOST[:PORT] or ldapi://PATH with each / of PATH as %2F',
  });
}
