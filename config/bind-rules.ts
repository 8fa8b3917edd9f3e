import { isLoopbackHost } from '../src/domain/loopback.ts';
import { parseServers, type Servers } from '../src/ldap/ldap-url.ts';
import { isDomain } from '../src/ldap/servers.ts';
import { type FaultAt, NOTHING } from './fault.ts';
import { credentialName } from './kinds/kind.ts';
import type { PartialSettings, Settings } from './schema.ts';

/** The environment variable that may hold the password instead of the file. */
export const PASSWORD_VARIABLE = 'PROV_BIND_PASSWORD';

/** The folder of the credentials that systemd passes to the service (systemd.exec(5)). */
const CREDENTIALS_VARIABLE = 'CREDENTIALS_DIRECTORY';

export type Environment = Readonly<Record<string, string | undefined>>;

type Directory = Settings['directory'];
type PartialDirectory = PartialSettings['directory'];

/** How the service binds: as `auth` says, or else depending on whether there is a bindDn. */
export function authMethod({ auth, bindDn }: Pick<Directory, 'auth' | 'bindDn'>): NonNullable<Directory['auth']> {
  return auth ?? (bindDn === null ? 'anonymous' : 'simple');
}

/** The contradictions between the settings by which the service binds and encrypts. */
export function bindFaults(directory: PartialDirectory, env: Environment): FaultAt[] {
  const { auth, bindDn } = directory;
  const method = auth === undefined || bindDn === undefined ? undefined : authMethod({ auth, bindDn });
  return [
    ...(method === undefined ? [] : [...name(directory, method), ...passwordSource(directory, method, env)]),
    ...(method === 'external' ? external(directory) : []),
    ...certificate(directory, method),
    ...encryption(directory, method),
  ];
}

function name({ auth, bindDn }: PartialDirectory, method: string): FaultAt[] {
  const path = ['directory', 'bindDn'];
  if (auth === 'simple' && bindDn === null)
    return [
      { path, expected: 'the DN to bind as, because auth is simple (without a DN: auth: external or anonymous)' },
    ];
  if (method === 'simple' || bindDn === null) return [];
  const who =
    method === 'external' ? 'the server derives it from the certificate or the peer' : 'an anonymous bind has no name';
  return [{ path, expected: `none, because auth is ${method}: ${who}` }];
}

const SOURCES = ['bindPasswordFile', 'bindPassword', 'bindPasswordFd'] as const;

function passwordSource(directory: PartialDirectory, method: string, env: Environment): FaultAt[] {
  if (SOURCES.some((key) => directory[key] === undefined)) return [];
  const inFile = SOURCES.filter((key) => directory[key] !== null).map((key) => `directory.${key}`);
  const last = inFile.at(-1)?.split('.') ?? ['directory', 'bindPasswordFile'];
  if (method !== 'simple') {
    const why = directory.auth === method ? `because auth is ${method}` : 'without directory.bindDn';
    return inFile.length === 0 ? [] : [{ path: last, given: 'a password', expected: `none ${why}` }];
  }
  if (directory.bindDn === null) return [];
  const given = env[PASSWORD_VARIABLE] === undefined ? inFile : [...inFile, `${PASSWORD_VARIABLE} in the environment`];
  if (given.length === 1) return [];
  return [
    {
      path: last,
      given: given.length === 0 ? NOTHING : given.join(' and '),
      expected: `exactly one of bindPasswordFile, bindPassword, bindPasswordFd and ${PASSWORD_VARIABLE} in the environment, because bindDn is set`,
    },
  ];
}

/**
 * With SASL EXTERNAL another layer must identify the client: TLS, or the kernel on a Unix socket.
 */
function external({ url, startTls, tls }: PartialDirectory): FaultAt[] {
  if (url === undefined || startTls === undefined) return [];
  const urls = url.map(parseServers);
  const open = urls.find(beginsUnencrypted);
  if (open !== undefined && !startTls) {
    return [
      {
        path: ['directory', 'startTls'],
        expected:
          'true, because auth is external: a certificate is presented only over TLS (or ldaps:// URLs; or ldapi:// for the user of the process)',
      },
    ];
  }
  if (tls.certFile !== null || !urls.some(overTls(startTls))) return [];
  return [
    {
      path: ['directory', 'tls', 'certFile'],
      expected: 'the PEM file of a client certificate, because auth is external and not all URLs are ldapi:// URLs',
    },
  ];
}

/** The certificate and the key require each other, and need TLS. */
function certificate(
  { url, startTls, tls: { certFile, keyFile } }: PartialDirectory,
  method: string | undefined,
): FaultAt[] {
  if (certFile === undefined || keyFile === undefined || (certFile === null && keyFile === null)) return [];
  if (keyFile === null)
    return [
      { path: ['directory', 'tls', 'keyFile'], expected: 'the PEM file of the key, because tls.certFile is set' },
    ];
  if (certFile === null)
    return [
      {
        path: ['directory', 'tls', 'certFile'],
        expected: 'the PEM file of the certificate, because tls.keyFile is set',
      },
    ];
  // With `external`, missing TLS is already reported.
  if (method === 'external' || url === undefined || startTls === undefined) return [];
  if (url.map(parseServers).some(overTls(startTls))) return [];
  return [
    {
      path: ['directory', 'tls', 'certFile'],
      expected: 'null, because no connection uses TLS: use startTls: true or ldaps://, or leave the certificate out',
    },
  ];
}

function overTls(startTls: boolean): (servers: Servers) => boolean {
  return (servers) => servers.scheme === 'ldaps' || (beginsUnencrypted(servers) && startTls);
}

/** Whether a connection is not encrypted until StartTLS. */
function beginsUnencrypted({ scheme }: Servers): boolean {
  return scheme === 'ldap' || scheme === 'srv';
}

function encryption({ url, startTls, allowPlaintext }: PartialDirectory, method: string | undefined): FaultAt[] {
  if (url === undefined || startTls === undefined) return [];
  const urls = url.map(parseServers);
  if (startTls && !urls.some(beginsUnencrypted)) {
    return [
      {
        path: ['directory', 'startTls'],
        expected:
          'false, because no URL is an ldap:// URL: ldaps:// is already encrypted, and ldapi:// stays on the host',
      },
    ];
  }
  const open = urls.map(otherHost).find((name) => name !== undefined);
  if (startTls || method !== 'simple' || allowPlaintext !== false || open === undefined) return [];
  return [
    {
      path: ['directory', 'url'],
      given: `${open} without encryption`,
      expected:
        'startTls: true or ldaps://, because otherwise a password would be sent unencrypted (directory.allowPlaintext: true allows that)',
    },
  ];
}

/** The servers as text, if their connections begin without encryption and may leave the host. */
function otherHost(servers: Servers): string | undefined {
  if (servers.scheme === 'srv') return `srv:${servers.domain}`;
  return servers.scheme === 'ldap' && !isLoopbackHost(servers.host) ? `ldap://${servers.host}` : undefined;
}

/**
 * Several services need one server, so that each sees the writes of the others. DNS may return any
 * server.
 */
export function severalServers({ instances, directory: { url } }: PartialSettings): FaultAt[] {
  const domain = instances === 'several' && url !== undefined ? url.find(isDomain) : undefined;
  if (domain === undefined) return [];
  const expected =
    'the URL of the one server to which all services write, because instances is several: DNS may return other servers';
  return [{ path: ['directory', 'url'], given: domain, expected }];
}

/** Credentials exist only in a systemd unit, under the names that the unit gives them. */
export function credentials(settings: PartialSettings, env: Environment): FaultAt[] {
  if (env[CREDENTIALS_VARIABLE] !== undefined) return [];
  return filesOf(settings).flatMap(({ path, file }) => {
    const credential = typeof file === 'string' ? credentialName(file) : undefined;
    if (credential === undefined) return [];
    const expected = `a process to which systemd passes the credential: LoadCredential=${credential}:/PATH in the unit; in a shell: systemd-run -P --wait -p LoadCredential=${credential}:/PATH COMMAND`;
    return [{ path, expected }];
  });
}

function filesOf({ directory: { bindPasswordFile, tls }, notify }: PartialSettings) {
  const { certFile, keyFile } = tls;
  return [
    { path: ['directory', 'tls', 'certFile'], file: certFile },
    { path: ['directory', 'tls', 'keyFile'], file: keyFile },
    { path: ['directory', 'bindPasswordFile'], file: bindPasswordFile },
    { path: ['notify', 'mail', 'passwordFile'], file: notify.mail.passwordFile },
  ];
}

/** The settings with the paths of the files in place of the names of credentials. */
export function withCredentialPaths(settings: Settings, env: Environment): Settings {
  const pathOf = (file: string | null): string | null => {
    const credential = file === null ? undefined : credentialName(file);
    return credential === undefined ? file : `${env[CREDENTIALS_VARIABLE] ?? ''}/${credential}`;
  };
  const { directory, notify } = settings;
  const { tls, bindPasswordFile } = directory;
  const { mail } = notify;
  return {
    ...settings,
    directory: {
      ...directory,
      tls: { ...tls, certFile: pathOf(tls.certFile), keyFile: pathOf(tls.keyFile) },
      bindPasswordFile: pathOf(bindPasswordFile),
    },
    notify: { ...notify, mail: { ...mail, passwordFile: pathOf(mail.passwordFile) } },
  };
}
