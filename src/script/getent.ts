import { type CommandOptions, type CommandResult, runCommand } from './command.ts';

/**
 * Asks NSS for users or groups: by number if a key consists of digits, otherwise by name. The
 * result is that of getent(1): one line for each key that exists, and the exit code 2 (`NOT_FOUND`)
 * if a key does not exist. Only the name, the number and the home of a line may be used. Nothing is
 * cached. Rejects only with a Shortage.
 */
export type Getent = (
  database: 'passwd' | 'group',
  keys: readonly string[],
  options: Omit<CommandOptions, 'env'>,
) => Promise<CommandResult>;

/** The exit code of getent(1) if a key is not in the database. */
export const NOT_FOUND = 2;

/** Runs getent(1). */
export const runGetent: Getent = (database, keys, options) => runCommand(['getent', database, ...keys], options);
