import { DirectoryError } from '../domain/directory-error.ts';
import { passShortage } from '../host/shortage.ts';
import type { DirectoryAccess } from './access.ts';

/** A name and its password, for a simple bind (RFC 4513, section 5.1.3). */
export interface Credentials {
  readonly dn: string;
  readonly password: string;
}

/**
 * Resolves to the credentials for a bind at `url`, or to undefined for an anonymous bind. Rejects
 * with a DirectoryError if the password cannot be read, or is empty: servers treat a bind without a
 * password as anonymous (RFC 4513, section 5.1.2).
 */
export async function readCredentials(
  { bindDn: dn, readPassword }: DirectoryAccess,
  url: string,
): Promise<Credentials | undefined> {
  if (dn === null) return undefined;
  const password = await readPassword().catch((cause: unknown) => {
    passShortage(cause);
    throw new DirectoryError(`the password for ${dn} cannot be read: ${errorText(cause)}`, {
      remedy:
        'let the service read it where directory.bindPasswordFile or bindPasswordFd says; it is read again at each attempt',
      cause,
    });
  });
  if (password !== '') return { dn, password };
  throw new DirectoryError(`bind to ${url} as ${dn}: the password is empty`, {
    remedy: 'put the password of directory.bindDn into its bindPasswordFile, bindPassword or PROV_BIND_PASSWORD',
  });
}

function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
