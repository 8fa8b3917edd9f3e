import type { CheckLine } from '../domain/check-line.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import { parseLdapUrl } from '../ldap/ldap-url.ts';
import { openConnection } from '../ldap/open-connection.ts';
import { describeServer } from '../ldap/root-dse.ts';
import { runCheck } from './run-check.ts';

/** Tries one URL step by step: connect, encrypt, bind. Steps after a failed one are omitted. */
export async function checkConnecting(access: DirectoryAccess, url: string): Promise<CheckLine[]> {
  const target = parseLdapUrl(url);
  const unencrypted = { ...access, startTls: false, bindDn: null };
  const lines = [await runCheck(`directory ${url}`, () => checkReachability(unencrypted, url))];
  if (lines[0]?.verdict === 'ok') lines.push(await runCheck(`encryption ${url}`, () => checkEncryption(access, url)));
  if (lines.every(({ verdict }) => verdict !== 'fail'))
    lines.push(await runCheck(`bind ${url}`, () => checkBind(access, url)));
  return lines;

  async function checkEncryption({ startTls }: DirectoryAccess, at: string): Promise<Omit<CheckLine, 'what'>> {
    if (target.scheme === 'ldapi') return { verdict: 'ok', found: 'a unix socket needs none' };
    if (target.scheme === 'ldaps') return { verdict: 'ok', found: 'TLS, certificate and name verified' };
    if (startTls) {
      await checkReachability({ ...unencrypted, startTls }, at);
      return { verdict: 'ok', found: 'StartTLS, certificate and name verified' };
    }
    if (isLoopbackHost(target.host)) return { verdict: 'ok', found: 'none, and none needed on loopback' };
    return {
      verdict: 'advice',
      found: 'none: everything, the password among it, is sent in the clear',
      remedy: 'set directory.startTls: true, or use an ldaps:// URL',
    };
  }
}

async function checkReachability(access: DirectoryAccess, url: string): Promise<Omit<CheckLine, 'what'>> {
  const abort = new AbortController();
  try {
    const connection = await openConnection(access, url, abort.signal);
    const { description, fencing } = await describeServer(connection);
    const fence = fencing === 'version' ? 'by the version of the entry' : 'by a token in the date';
    return { verdict: 'ok', found: `reachable, ${description}; late requests are refused ${fence}` };
  } finally {
    abort.abort();
  }
}

async function checkBind(access: DirectoryAccess, url: string): Promise<Omit<CheckLine, 'what'>> {
  await checkReachability(access, url);
  if (access.bindDn !== null) return { verdict: 'ok', found: `bound as ${access.bindDn}` };
  return { verdict: 'advice', found: 'anonymous', remedy: 'set directory.bindDn: nobody should write without a name' };
}
