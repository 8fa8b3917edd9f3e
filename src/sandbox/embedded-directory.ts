import { Directory, parseRequestDn } from './directory/directory.ts';
import { serve } from './directory/server.ts';
import { ACCOUNTS_DN, ADMINISTRATOR_DN, initialTree, SERVICE_DN, SUFFIX_DN, type TreeOptions } from './tree.ts';

export interface EmbeddedDirectoryOptions extends TreeOptions {
  /** 0 selects a free port. */
  readonly port: number;
  readonly administratorPassword: string;
  readonly now: () => Date;
}

export interface EmbeddedDirectory {
  readonly url: string;
  readonly port: number;
  /** Closes every connection and the port. */
  stop(): Promise<void>;
}

/**
 * Starts an LDAP server on 127.0.0.1. It holds the tree of a stoney backup site with a few
 * accounts, in memory. For LDAP clients it is a small real server. It offers persistent search but
 * not RFC 4533. Rejects if the port is in use.
 */
export async function startEmbeddedDirectory(options: EmbeddedDirectoryOptions): Promise<EmbeddedDirectory> {
  const administrator = parseRequestDn(ADMINISTRATOR_DN);
  const directory = new Directory({
    suffix: parseRequestDn(SUFFIX_DN),
    rights: { administrator, service: parseRequestDn(SERVICE_DN), accounts: parseRequestDn(ACCOUNTS_DN) },
    administratorPassword: options.administratorPassword,
    now: options.now,
  });
  for (const { dn, attributes } of initialTree(options)) directory.add(administrator, dn, attributes);
  const { port, stop } = await serve(directory, options.port);
  return { url: `ldap://127.0.0.1:${port}`, port, stop };
}
