import { loadConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import { type DirectoryOperations, operationsAt } from '../ldap/operations.ts';
import { atFirstServer } from '../ldap/servers.ts';
import { accessOf } from '../service/site.ts';

/** A configuration and a connected directory, for one command. */
export interface DirectorySession {
  readonly settings: Settings;
  readonly access: DirectoryAccess;
  /** The URL of `access.urls` to which `directory` is connected. */
  readonly url: string;
  readonly directory: DirectoryOperations;
}

/**
 * Reads the configuration, connects to the first server that answers, runs `work` and closes the
 * connections. Rejects with a ConfigurationError, or with the DirectoryError of the last server if
 * none answers.
 */
export async function withDirectory<T>(config: string, work: (session: DirectorySession) => Promise<T>): Promise<T> {
  const settings = await loadConfig(config, process.env);
  const access = accessOf(settings, process.env);
  const connected = await atFirstServer(access.urls, (url) => connect(access, url, settings.directory.base));
  try {
    return await work({ settings, access, ...connected });
  } finally {
    connected.directory.close();
  }
}

async function connect(
  access: DirectoryAccess,
  url: string,
  base: string,
): Promise<Pick<DirectorySession, 'url' | 'directory'>> {
  const directory = operationsAt(access, url, base);
  try {
    const found = await directory.read(base);
    if (found !== undefined) return { url, directory };
    throw new DirectoryError(`${url}: there is no entry "${base}", or the service may not read it`, {
      remedy: 'correct directory.base, or let the account in directory.bindDn read it',
    });
  } catch (error) {
    directory.close();
    throw error;
  }
}
