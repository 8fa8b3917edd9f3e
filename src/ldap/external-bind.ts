/** The texts for operators about SASL EXTERNAL and client certificates. */
import { DirectoryError } from '../domain/directory-error.ts';
import { systemCode } from '../host/host-fault.ts';
import type { ClientCertificateSource } from './access.ts';
import { type ClientCertificate, certificateIn } from './tls-material.ts';

/**
 * How the server identifies the client: by its certificate, or by the credentials of the socket's
 * peer.
 */
export type KnownBy = 'certificate' | 'peer';

const NO_CERTIFICATE =
  'the server saw no client certificate: let it ask for one, and trust its issuer (slapd: olcTLSVerifyClient: try and olcTLSCACertificateFile: /PATH/ca.pem; 389: dsconf NAME security set --tls-client-auth allowed)';

const NO_ENTRY_OF_CERTIFICATE =
  'the server maps the certificate to no entry: 389: write the lines "certmap default default", "default:DNComps", "default:FilterComps cn", "default:verifycert off" into /etc/dirsrv/slapd-NAME/certmap.conf, for an entry with the cn of the certificate, and restart it; slapd: see olcAuthzRegexp';

const NO_ENTRY_OF_PEER =
  "the server maps the user of this process to no entry: 389: dsconf NAME config replace nsslapd-ldapiautobind=on nsslapd-ldapimaptoentries=on nsslapd-ldapientrysearchbase=SUFFIX, give the entry the user's uidNumber and gidNumber (for root: nsslapd-ldapimaprootdn=DN), and restart it; other servers may not offer it";

/** What to do about a refused bind by SASL EXTERNAL; undefined if the code says nothing special. */
export function externalRemedy(knownBy: KnownBy, resultCode: number): string | undefined {
  switch (resultCode) {
    case 7: // authMethodNotSupported: slapd offers EXTERNAL only where there is a certificate
    case 48: // inappropriateAuthentication
      return knownBy === 'peer' ? NO_ENTRY_OF_PEER : NO_CERTIFICATE;
    case 49: // invalidCredentials
      return knownBy === 'peer' ? NO_ENTRY_OF_PEER : NO_ENTRY_OF_CERTIFICATE;
    default:
      return undefined;
  }
}

const ROOT = /^gidNumber=\d+\+uidNumber=0,cn=peercred,/i;

/** What to do if slapd maps the client to a name that no entry has. */
export function mappingRemedy(knownBy: KnownBy, dn: string): string {
  if (knownBy === 'peer' && ROOT.test(dn)) {
    return `let the access rules name it (by dn.exact="${dn}" write); do not map it by olcAuthzRegexp, as root's own ldapmodify -Y EXTERNAL would be mapped, too, and no longer reach cn=config`;
  }
  const pattern = knownBy === 'peer' ? dn.replaceAll('+', '[+]') : dn;
  return `let the access rules name it, or map it to an entry (slapd, cn=config): olcAuthzRegexp: "^${pattern}$" "cn=prov-backup-rsnapshot,ou=daemons,SUFFIX"`;
}

/** Why a connection over TLS has failed. */
export interface TlsFailure {
  readonly error: unknown;
  /**
   * The handshake was complete on this side. TLS 1.3 judges the client's certificate after that.
   */
  readonly secured: boolean;
  readonly closedByServer: boolean;
}

const REQUIRED = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';
/** The alerts about a certificate (RFC 8446, section 6.2), by the names of OpenSSL. */
const CERTIFICATE_ALERT = /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA)/;

/**
 * The error for a connection that the server has ended because of the client's certificate;
 * undefined if the reason was another one. Some servers send an alert. Others, such as slapd with
 * GnuTLS, just close the connection.
 */
export function refusedCertificate(
  url: string,
  { error, secured, closedByServer }: TlsFailure,
  presented: { readonly source: ClientCertificateSource; readonly client: ClientCertificate } | undefined,
): DirectoryError | undefined {
  const code = systemCode(error) ?? systemCode(error instanceof Error ? error.cause : undefined);
  if (presented === undefined) {
    const isRequired = code === REQUIRED || (secured && closedByServer);
    return isRequired ? wantsCertificate(url, code === REQUIRED, error) : undefined;
  }
  const alerted = code !== undefined && CERTIFICATE_ALERT.test(code);
  if (!alerted && !(secured && closedByServer) && code !== 'ECONNRESET') return undefined;
  const { certFile, now } = presented.source;
  const certificate = certificateIn(presented.client.certificate);
  if (certificate === undefined) return undefined;
  const fault = validityFault(certificate, now());
  const remedy = 'renew it; certificate and key are read again at each attempt';
  const refused = `${url}: the directory refused the client certificate in ${certFile}`;
  if (fault !== undefined) return new DirectoryError(`${refused}: ${fault}`, { remedy, cause: error });
  if (!alerted && !secured) return undefined;
  const names = `${oneLine(certificate.subject)}, issued by ${oneLine(certificate.issuer)}`;
  return new DirectoryError(`${refused} (${names})`, { remedy: UNTRUSTED, cause: error });
}

const UNTRUSTED =
  'let the server trust its issuer (slapd: olcTLSCACertificateFile: /PATH/ca.pem; 389: dsconf NAME security ca-certificate add --file /PATH/ca.pem --name CA), and have it issued for clients (extendedKeyUsage clientAuth)';

function wantsCertificate(url: string, certain: boolean, cause: unknown): DirectoryError {
  const what = certain ? 'the directory demands a client certificate' : 'the directory closed the connection';
  const when = certain ? '' : 'it may demand a client certificate: ';
  return new DirectoryError(`${url}: ${what}`, {
    remedy: `${when}set directory.tls.certFile and keyFile${certain ? '' : '; or it was stopped'}`,
    cause,
  });
}

/** Why a certificate is not valid at a time, in milliseconds; undefined if it is. */
export function validityFault(
  certificate: { readonly validFrom: string; readonly validTo: string },
  now: number,
): string | undefined {
  if (now > Date.parse(certificate.validTo)) return `it expired at ${certificate.validTo}`;
  if (now < Date.parse(certificate.validFrom)) return `it is not valid before ${certificate.validFrom}`;
  return undefined;
}

/** Returns a name on one line. Node.js separates the parts of a name by newlines. */
export function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
