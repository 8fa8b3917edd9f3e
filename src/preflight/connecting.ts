import type { CheckLine, Found } from '../domain/check-line.ts';
import { ResultCode } from '../domain/directory-error.ts';
import { isSameDn } from '../domain/dn.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import { visible } from '../domain/visible.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import type { Connection } from '../ldap/connection.ts';
import { type KnownBy, mappingRemedy, oneLine, validityFault } from '../ldap/external-bind.ts';
import { parseLdapUrl } from '../ldap/ldap-url.ts';
import { openConnection } from '../ldap/open-connection.ts';
import { resultName } from '../ldap/remedies.ts';
import { describeServer } from '../ldap/root-dse.ts';
import { readClientCertificate } from '../ldap/tls-material.ts';
import { whoAmI } from '../ldap/who-am-i.ts';
import type { WhoAmI } from '../ldap/wire/who-am-i.ts';
import { runCheck } from './run-check.ts';

/**
 * Checks one URL step by step: connect, encrypt, bind. The steps after a failed one are skipped.
 */
export async function checkConnecting(access: DirectoryAccess, url: string): Promise<CheckLine[]> {
  const target = parseLdapUrl(url);
  const unencrypted: DirectoryAccess = { ...access, startTls: false, authentication: { method: 'anonymous' } };
  const lines = [await runCheck(`directory ${url}`, () => checkReachability(unencrypted, url))];
  if (lines[0]?.verdict === 'ok') lines.push(await runCheck(`encryption ${url}`, () => checkEncryption(access, url)));
  if (lines.every(({ verdict }) => verdict !== 'fail'))
    lines.push(await runCheck(`bind ${url}`, () => checkBind(access, url)));
  return lines;

  async function checkEncryption({ startTls }: DirectoryAccess, at: string): Promise<Found> {
    if (target.scheme === 'ldapi') return { verdict: 'ok', found: 'a Unix socket needs none' };
    if (target.scheme === 'ldaps') return { verdict: 'ok', found: 'TLS, certificate and name verified' };
    if (startTls) {
      await checkReachability({ ...unencrypted, startTls }, at);
      return { verdict: 'ok', found: 'StartTLS, certificate and name verified' };
    }
    if (isLoopbackHost(target.host)) return { verdict: 'ok', found: 'none, and none needed on loopback' };
    return {
      verdict: 'advice',
      found: 'none: everything is sent unencrypted, including the password',
      remedy: 'set directory.startTls: true, or use an ldaps:// URL',
    };
  }
}

/** Connects, passes the connection to `use`, and closes it. */
async function connected(
  access: DirectoryAccess,
  url: string,
  use: (connection: Connection) => Promise<Found>,
): Promise<Found> {
  const abort = new AbortController();
  try {
    return await use(await openConnection(access, url, abort.signal));
  } finally {
    abort.abort();
  }
}

function checkReachability(access: DirectoryAccess, url: string): Promise<Found> {
  return connected(access, url, async (connection) => {
    const { description, fencing, controls } = await describeServer(connection);
    if (controls.size === 0)
      return { verdict: 'ok', found: 'reachable; the server describes itself only after a bind' };
    const fence = fencing === 'version' ? 'by the version of the entry' : 'by a token in the date';
    return { verdict: 'ok', found: `reachable, ${description}; late writes are refused ${fence}` };
  });
}

function checkBind(access: DirectoryAccess, url: string): Promise<Found> {
  return connected(access, url, async (connection) => {
    const { authentication, timeoutMilliseconds } = access;
    const answer = await whoAmI(connection, timeoutMilliseconds);
    switch (authentication.method) {
      case 'anonymous': {
        const remedy = 'set directory.bindDn, or auth: external: the service should not write anonymously';
        return { verdict: 'advice', found: `anonymous; ${identityWords(answer)}`, remedy };
      }
      case 'simple':
        return { verdict: 'ok', found: `bound as ${authentication.dn}; ${identityWords(answer)}` };
      case 'external':
        return checkExternal(access, connection.target.scheme === 'ldapi' ? 'peer' : 'certificate', answer);
    }
  });
}

/** The answer of the server to "Who am I?" (RFC 4532), in words. */
function identityWords({ resultCode, diagnosticMessage, authzId }: WhoAmI): string {
  if (resultCode !== ResultCode.success)
    return `the server does not say as whom it knows the service: ${resultName(resultCode)} (${resultCode})${diagnosticMessage === '' ? '' : `: ${visible(diagnosticMessage)}`}`;
  if (authzId === undefined) return 'the server does not say as whom it knows the service';
  return authzId === ''
    ? 'the server knows the service as anonymous'
    : `the server knows the service as ${visible(authzId)}`;
}

/**
 * Returns advice if slapd has derived a name from the subject of the certificate or from the peer,
 * but has not mapped it to an entry. slapd accepts such a bind.
 */
async function checkExternal(access: DirectoryAccess, knownBy: KnownBy, answer: WhoAmI): Promise<Found> {
  const found = `bound by SASL EXTERNAL; ${identityWords(answer)}`;
  const dn = /^dn: ?(.*)$/s.exec(answer.authzId ?? '')?.[1];
  const derived = knownBy === 'peer' ? isPeer(dn) : await isSubject(access, dn);
  if (dn === undefined || !derived) return { verdict: 'ok', found };
  return { verdict: 'advice', found: `${found}, which is not an entry`, remedy: mappingRemedy(knownBy, visible(dn)) };
}

function isPeer(dn: string | undefined): boolean {
  return dn?.endsWith(',cn=peercred,cn=external,cn=auth') ?? false;
}

async function isSubject({ tls: { client } }: DirectoryAccess, dn: string | undefined): Promise<boolean> {
  if (client === null || dn === undefined) return false;
  const { parsed } = await readClientCertificate(client);
  const own = parsed.subject.split('\n').reverse().join(',');
  return isSameDn(dn, own);
}

/** Checks the client certificate; no lines if none is set. */
export async function checkClientCertificate(access: DirectoryAccess): Promise<CheckLine[]> {
  const { client } = access.tls;
  if (client === null) return [];
  return [
    await runCheck('client certificate', async () => {
      const { parsed } = await readClientCertificate(client);
      const found = `${client.certFile}: ${oneLine(parsed.subject)}, issued by ${oneLine(parsed.issuer)}`;
      const fault = validityFault(parsed, client.now());
      if (fault !== undefined)
        return {
          verdict: 'fail',
          found: `${found}: ${fault}`,
          remedy: 'renew it, and check the clock of this machine',
        };
      return { verdict: 'ok', found: `${found}, valid until ${parsed.validTo}` };
    }),
  ];
}
