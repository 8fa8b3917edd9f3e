import { Directory, parse } from './directory/directory.ts';
import { serve } from './directory/server.ts';
import { ACCOUNTS, ADMINISTRATOR, initialTree, SERVICE, SUFFIX, type TreeOptions } from './tree.ts';

export interface EmbeddedDirectoryOptions extends TreeOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly administratorPassword: string;
  readonly now: () => Date;
}

/** A running directory server. */
export interface EmbeddedDirectory {
  readonly url: string;
  readonly port: number;
  /** Ends every connection and closes the port; nothing of it remains. */
  stop(): Promise<void>;
}

/**
 * Starts an LDAP server on 127.0.0.1 that holds the names of a stoney backup site and a few accounts, in memory. To LDAP clients it
 * behaves like a small real server; it offers persistent search, not RFC 4533. Rejects where the port is taken.
 */
export async function startEmbeddedDirectory(options: EmbeddedDirectoryOptions): Promise<EmbeddedDirectory> {
  const administrator = parse(ADMINISTRATOR);
  const directory = new Directory({
    suffix: parse(SUFFIX),
    rights: { administrator, service: parse(SERVICE), accounts: parse(ACCOUNTS) },
    administratorPassword: options.administratorPassword,
    now: options.now,
  });
  for (const { dn, attributes } of initialTree(options)) directory.add(administrator, dn, attributes);
  const { port, stop } = await serve(directory, options.port);
  return { url: `ldap://127.0.0.1:${port}`, port, stop };
}
