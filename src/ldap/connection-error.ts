/** The texts for operators about connections that cannot be opened, fail or fall silent. */
import { ConnectionCut, DirectoryError } from '../domain/directory-error.ts';
import { errorText } from '../domain/error-text.ts';
import { systemCode } from '../host/host-fault.ts';
import { shortageIn } from '../host/shortage.ts';
import type { LdapUrl } from './ldap-url.ts';
import { resultError } from './remedies.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import type { LdapMessage } from './wire/message.ts';

const CA_REMEDY =
  'the certificate is not signed by an accepted authority: set directory.tls.caFile to the PEM file of the one that signed it';

const WEAK_SIGNATURE = {
  what: 'weak certificate signature',
  remedy:
    'a certificate that the server sent is signed with SHA-1 or an older digest, which TLS accepts no more: have the certificate of the server, or of its intermediate authority, issued again with SHA-256',
} as const;

const SMALL_KEY = {
  what: 'certificate key too small',
  remedy:
    "the key in the certificate of the server, or of an authority above it, is too short for this machine's OpenSSL: have it issued again with a key of at least 2048 bits for RSA, or 256 for EC",
} as const;

/**
 * OpenSSL's texts for faults of a certificate for which Node.js has no code. The code of all of
 * them is UNSPECIFIED, so only the constant text of OpenSSL distinguishes them.
 */
const UNSPECIFIED_FAULTS: Readonly<Record<string, string>> = {
  'CA signature digest algorithm too weak': 'CA_MD_TOO_WEAK',
  'CA certificate key too weak': 'CA_KEY_TOO_SMALL',
  'EE certificate key too weak': 'EE_KEY_TOO_SMALL',
};

const NO_RESPONSE = {
  what: 'no answer',
  remedy: 'check the network and the firewalls between this machine and the directory, and whether its server hangs',
} as const;

/** The faults of a connection, by the `code` of Node.js's errors. */
const NETWORK_FAULTS: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  ECONNREFUSED: {
    what: 'connection refused',
    remedy: 'start the directory server, or correct host and port in directory.url',
  },
  ECONNRESET: {
    what: 'connection reset',
    remedy:
      'the server or something between cut the connection; at the very start: the port may speak TLS only, or not at all (ldap:// against ldaps://)',
  },
  EPIPE: { what: 'connection closed', remedy: 'the directory server closed the connection: see its log' },
  ENOTFOUND: { what: 'unknown host', remedy: 'correct the host in directory.url, or the name service of this machine' },
  EAI_AGAIN: {
    what: 'the name service does not answer',
    remedy: 'check the name service of this machine (/etc/resolv.conf)',
  },
  ETIMEDOUT: NO_RESPONSE,
  EHOSTUNREACH: {
    what: 'host unreachable',
    remedy: 'check the network and the firewalls between this machine and the directory',
  },
  ENETUNREACH: { what: 'network unreachable', remedy: 'check the network of this machine' },
  EACCES: { what: 'permission denied', remedy: 'give the user of the service access to the socket and its folder' },
  ENOENT: {
    what: 'no such socket',
    remedy: 'let slapd listen there (-h ldapi://...), or correct the path in directory.url',
  },
  SELF_SIGNED_CERT_IN_CHAIN: { what: 'unknown certificate authority', remedy: CA_REMEDY },
  DEPTH_ZERO_SELF_SIGNED_CERT: { what: 'self-signed certificate', remedy: CA_REMEDY },
  UNABLE_TO_GET_ISSUER_CERT: { what: 'unknown certificate authority', remedy: CA_REMEDY },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { what: 'unknown certificate authority', remedy: CA_REMEDY },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    what: 'the server sent its own certificate alone, and the certificate that issued it is not known here',
    remedy:
      'if an intermediate authority issued it: let the server send the intermediate certificate, too (slapd: append it to the file in TLSCertificateFile; 389: dsconf NAME security ca-certificate add); if not, set directory.tls.caFile to the PEM file of the authority that issued it',
  },
  CERT_SIGNATURE_FAILURE: { what: 'wrong certificate signature', remedy: CA_REMEDY },
  CA_MD_TOO_WEAK: WEAK_SIGNATURE,
  ERR_SSL_CA_MD_TOO_WEAK: WEAK_SIGNATURE,
  CA_KEY_TOO_SMALL: SMALL_KEY,
  EE_KEY_TOO_SMALL: SMALL_KEY,
  ERR_SSL_EE_KEY_TOO_SMALL: SMALL_KEY,
  CERT_HAS_EXPIRED: {
    what: 'expired certificate',
    remedy: "renew the directory server's certificate (or its authority's), and check the clock of this machine",
  },
  CERT_NOT_YET_VALID: {
    what: 'certificate not yet valid',
    remedy: "check the clock of this machine and the dates of the server's certificate",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: 'certificate for another name',
    remedy:
      'write the name (or address) that the certificate is for in directory.url, or have it issued with this one as a subjectAltName',
  },
};

const TLS_REMEDY =
  'the two sides did not agree on TLS: check that the port of directory.url speaks it, and the versions that the server allows';

/**
 * The error for an open connection that the peer has closed. `silentMilliseconds` is the time since
 * the last byte was received; undefined if none was. `cause` is what Node.js reported; undefined
 * after an orderly end.
 */
export function closedError(
  { scheme }: LdapUrl,
  url: string,
  silentMilliseconds: number | undefined,
  cause: Error | undefined,
): DirectoryError {
  const closed = `${url}: the directory closed the connection`;
  if (silentMilliseconds === undefined) {
    if (cause !== undefined) return connectionError(url, cause);
    return new DirectoryError(closed, {
      remedy:
        scheme === 'ldap'
          ? 'the directory closed it before it said a word: the port may speak TLS only (ldaps://), or the server is stopping'
          : CLOSED_REMEDY,
    });
  }
  if (cause === undefined) return new ConnectionCut(closed, silentMilliseconds, { remedy: CLOSED_REMEDY });
  const { message, remedy = CLOSED_REMEDY } = connectionError(url, cause);
  return new ConnectionCut(message, silentMilliseconds, { remedy, cause });
}

const CLOSED_REMEDY =
  'the directory server was stopped or restarted, or drops idle connections: it is connected to again by itself';

/** RFC 4511, section 4.4.1. */
const NOTICE_OF_DISCONNECTION = '1.3.6.1.4.1.1466.20036';

/**
 * The error for an unsolicited notification that ends the connection. undefined: it is another
 * notification, which a client must ignore if it does not know it (RFC 4511, section 4.4).
 */
export function disconnectionError(url: string, message: LdapMessage): DirectoryError | undefined {
  const notice = readLdapResult(message);
  if (notice.responseName !== undefined && notice.responseName !== NOTICE_OF_DISCONNECTION) return undefined;
  return resultError(`${url}: the directory gave notice and disconnected`, notice);
}

/** The least silence, in milliseconds, after which a cut may be due to an idle limit. */
const LEAST_IDLE = 1_000;

/**
 * The error for a connection that was cut after about the same silence as the connection before it.
 * A proxy with an idle limit cuts connections in this way. undefined: the two silences differ.
 */
export function cutWhenIdle(cut: unknown, before: unknown): DirectoryError | undefined {
  if (!(cut instanceof ConnectionCut && before instanceof ConnectionCut)) return undefined;
  const { silentMilliseconds: silence } = cut;
  const difference = Math.abs(silence - before.silentMilliseconds);
  if (silence < LEAST_IDLE || difference > Math.max(LEAST_IDLE / 2, silence / 10)) return undefined;
  const seconds = Math.floor(Math.min(silence, before.silentMilliseconds) / 1000);
  return new DirectoryError(`${cut.message}; twice in a row, after ${seconds} s without a byte`, {
    remedy: `a proxy, a load balancer or a firewall between this machine and the directory, or the server itself, cuts idle connections: set reconnect.deadAfter to ${seconds}s or less, so that a probe at its half keeps them in use, or raise the idle limit there`,
    cause: cut,
  });
}

/** The error for a request that got no response within the given time. */
export function responseTimeout(url: string, milliseconds: number): DirectoryError {
  const { what, remedy } = NO_RESPONSE;
  return new DirectoryError(`${url}: ${what} within ${milliseconds} ms`, { remedy });
}

/**
 * The error for a connection that could not be opened or has failed. `cause` is what Node.js threw;
 * a DirectoryError is returned unchanged.
 */
export function connectionError(url: string, cause: unknown): DirectoryError {
  if (cause instanceof DirectoryError) return cause;
  const code = codeOf(cause);
  const shortage = shortageIn(cause);
  if (shortage !== undefined)
    return new DirectoryError(`${url}: ${shortage.message}`, { remedy: shortage.remedy, cause });
  const fault = NETWORK_FAULTS[code];
  const words = errorText(cause);
  if (fault !== undefined) {
    return new DirectoryError(`${url}: ${fault.what}${words === '' ? '' : ` (${words})`}`, {
      remedy: fault.remedy,
      cause,
    });
  }
  const tls = code.startsWith('ERR_SSL') || code === 'EPROTO' || code.startsWith('ERR_TLS') || code.startsWith('CERT_');
  return new DirectoryError(`${url}: ${words === '' ? 'the connection failed' : words}`, {
    remedy: tls ? TLS_REMEDY : 'check directory.url and the network; see the log of the directory server',
    cause,
  });
}

function codeOf(cause: unknown): string {
  const code = systemCode(cause) ?? '';
  return code === 'UNSPECIFIED' ? (UNSPECIFIED_FAULTS[errorText(cause)] ?? code) : code;
}
