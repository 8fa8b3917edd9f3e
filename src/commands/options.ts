import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_CONFIG, hasDefaultConfig } from './default-config.ts';

/**
 * Adds the option for the configuration file, which every command that uses the directory needs.
 */
export function withConfigOption(command: Command): Command {
  // The default is set here and not by commander, because the option is required if the default
  // file does not exist. In this hook a missing option is reported only after unknown options,
  // which usually are the cause.
  return command
    .option('-c, --config <file>', `configuration file (YAML); default: ${DEFAULT_CONFIG}`)
    .hook('preAction', (_, called) => {
      if (called.opts()['config'] !== undefined) return;
      if (!hasDefaultConfig())
        called.error(`error: no configuration is given, and ${DEFAULT_CONFIG} does not exist: give -c FILE`);
      called.setOptionValue('config', DEFAULT_CONFIG);
    });
}

/** Shows all times of this process in UTC. */
export function useUtc(): void {
  process.env['TZ'] = 'UTC';
}

/** Returns a parser for return codes from `least` to 255. */
export function returnCode(least: 0 | 1): (given: string) => number {
  return (given) => {
    const code = Number(given);
    if (/^\d{1,3}$/.test(given) && code >= least && code <= 255) return code;
    throw new InvalidArgumentError(`Give a number from ${least} to 255.`);
  };
}
