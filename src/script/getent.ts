import { type CommandOptions, type CommandResult, runCommand } from './command.ts';

/**
 * Asks NSS for users or groups, by number if a key consists of digits, else by name. The result is
 * that of getent(1): a line for each one that exists, of which only name, number and home may be
 * used, and exit code 2 (`NOT_FOUND`) if one does not exist. Nothing is cached. Rejects only with a
 * Shortage.
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
