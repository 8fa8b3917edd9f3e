import { parseConfig, readConfig } from '../../config/load-config.ts';
import { CommandFailure } from './run-action.ts';

/**
 * Returns the folder of the journal in the configuration; null: there is none. The files that the
 * configuration names are not read, so that a user who may read the journal need not be allowed to
 * read the password.
 */
export async function journalFolder(config: string): Promise<string | null> {
  return parseConfig(await readConfig(config), process.env, config).journal.directory;
}

/**
 * Returns the same for a command that cannot work without a journal. Rejects with a CommandFailure
 * if there is none.
 */
export async function neededJournalFolder(config: string): Promise<string> {
  const directory = await journalFolder(config);
  if (directory !== null) return directory;
  throw new CommandFailure(
    `${config}: journal.directory is null, so no events are kept\n  set journal.directory, and restart the service`,
  );
}
