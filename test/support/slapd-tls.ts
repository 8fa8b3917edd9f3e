import { execute } from './children.ts';

/** The TLS library of this host's slapd. Debian builds it with OpenSSL since 13. */
export async function tlsLibraryOfSlapd(): Promise<'GnuTLS' | 'OpenSSL'> {
  const { stdout } = await execute('sh', ['-c', 'ldd "$(command -v slapd)"']);
  return stdout.includes('libssl.') ? 'OpenSSL' : 'GnuTLS';
}
