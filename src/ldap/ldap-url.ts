import { DirectoryError } from '../domain/directory-error.ts';

/** The address of a directory server. */
export type LdapUrl =
  /** `host` is a name, or an address without brackets. */
  | { readonly scheme: 'ldap' | 'ldaps'; readonly host: string; readonly port: number }
  | { readonly scheme: 'ldapi'; readonly path: string };

/** What `directory.url` names: one server, or a domain whose DNS records name the servers. */
export type Servers = LdapUrl | { readonly scheme: 'srv'; readonly domain: string };

/**
 * A fault in the URL of a directory. The hint does not repeat the URL, because the URL may hold a
 * password.
 */
export class LdapUrlFault {
  readonly hint: string;

  constructor(hint: string) {
    this.hint = hint;
  }
}

/** The socket that OpenLDAP uses for `ldapi:///`. */
const DEFAULT_SOCKET = '/var/run/slapd/ldapi';
const DEFAULT_PORT = { ldap: 389, ldaps: 636 } as const;

/**
 * Reads the URL of a directory (RFC 4516, without base and filter): `ldap://HOST[:PORT]`,
 * `ldaps://HOST[:PORT]`, or `ldapi://PATH` with a percent-encoded path
 * (`ldapi://%2Frun%2Fslapd%2Fldapi`). Returns an LdapUrlFault for any other text.
 */
export function readLdapUrl(text: string): LdapUrl | LdapUrlFault {
  const [, scheme, rest = ''] = /^(ldaps?|ldapi):\/\/(.*)$/i.exec(text.trim()) ?? [];
  switch (scheme?.toLowerCase()) {
    case 'ldapi':
      return readSocket(rest);
    case 'ldap':
      return readHostAndPort('ldap', rest);
    case 'ldaps':
      return readHostAndPort('ldaps', rest);
    default:
      return new LdapUrlFault('it begins with ldap://, ldaps:// or ldapi://, or is srv:DOMAIN');
  }
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`, 'i');

/** Reads a URL as `readLdapUrl` does, or `srv:DOMAIN`. */
export function readServers(text: string): Servers | LdapUrlFault {
  const [, written] = /^srv:(.*)$/i.exec(text.trim()) ?? [];
  if (written === undefined) return readLdapUrl(text);
  const domain = written.replace(/\.$/, '').toLowerCase();
  if (domain.length <= 240 && DOMAIN.test(domain)) return { scheme: 'srv', domain };
  return new LdapUrlFault(
    'srv: is followed by a domain: srv:example.org stands for the records of _ldap._tcp.example.org',
  );
}

/** Reads a value that the configuration has checked. Throws a DirectoryError if it is faulty. */
export function parseServers(text: string): Servers {
  const servers = readServers(text);
  return servers instanceof LdapUrlFault ? parseLdapUrl(text) : servers;
}

/** Reads a URL that the configuration has checked. Throws a DirectoryError for a faulty one. */
export function parseLdapUrl(text: string): LdapUrl {
  const url = readLdapUrl(text);
  if (!(url instanceof LdapUrlFault)) return url;
  throw new DirectoryError(`the URL of a directory is wrong: ${url.hint}`, {
    remedy: 'write directory.url as ldap://HOST[:PORT], ldaps://HOST[:PORT] or ldapi://PATH with each / of PATH as %2F',
  });
}

function readHostAndPort(scheme: 'ldap' | 'ldaps', rest: string): LdapUrl | LdapUrlFault {
  const authority = rest.replace(/\/$/, '');
  if (authority.includes('/') || authority.includes('?'))
    return new LdapUrlFault('base and filter have keys of their own');
  if (authority.includes('@')) return new LdapUrlFault('name and password have keys of their own');
  if (authority === '') return new LdapUrlFault('the host is missing');
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(authority);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined) return new LdapUrlFault('HOST, HOST:PORT or [IPv6]:PORT');
  const port = Number(parts?.[3] ?? DEFAULT_PORT[scheme]);
  if (port < 1 || port > 65_535) return new LdapUrlFault('a port is a number from 1 to 65535');
  return { scheme, host: host.toLowerCase(), port };
}

function readSocket(rest: string): LdapUrl | LdapUrlFault {
  const encoded = rest.replace(/\/$/, '');
  if (encoded.includes('/')) {
    return new LdapUrlFault(`the path is percent-encoded: ldapi://${encodeURIComponent(rest)}`);
  }
  if (encoded === '') return { scheme: 'ldapi', path: DEFAULT_SOCKET };
  try {
    const path = decodeURIComponent(encoded);
    return path.startsWith('/') && !path.includes('\0')
      ? { scheme: 'ldapi', path }
      : new LdapUrlFault('the path of the socket must be absolute, such as ldapi://%2Frun%2Fslapd%2Fldapi');
  } catch {
    return new LdapUrlFault('a % is followed by two hexadecimal digits');
  }
}
