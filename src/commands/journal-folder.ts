import { parseConfig, readConfig } from '../../config/load-config.ts';
import { CommandFailure } from './run-action.ts';

/**
 * The folder of the journal that the configuration names; null: there is none. Files that the
 * configuration names are not read: a reader of the journal need not be allowed to read the
 * password.
 */
export async function journalFolder(config: string): Promise<string | null> {
  return parseConfig(await readConfig(config), process.env, config).journal.directory;
}

/** The same for a command that needs it. Rejects with a CommandFailure if there is none. */
export async function neededJournalFolder(config: string): Promise<string> {
  const directory = await journalFolder(config);
  if (directory !== null) return directory;
  throw new CommandFailure(
    `${config}: journal.directory is null, so no events are kept\n  set journal.directory, and start the service again`,
  );
}
