import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_CONFIG, hasDefaultConfig } from './default-config.ts';

/** Adds the option for the configuration file, which every command with a directory needs. */
export function withConfigOption(command: Command): Command {
  // The default is no default of commander: only where there is neither file nor option, the option
  // is missing, which is reported after an unknown one, as that usually is the cause.
  return command
    .option('-c, --config <file>', `configuration file (YAML); default: ${DEFAULT_CONFIG}`)
    .hook('preAction', (_, called) => {
      if (called.opts()['config'] !== undefined) return;
      if (!hasDefaultConfig())
        called.error(`error: which configuration? ${DEFAULT_CONFIG} does not exist: give -c FILE`);
      called.setOptionValue('config', DEFAULT_CONFIG);
    });
}

/** Shows all times of this process in UTC. */
export function useUtc(): void {
  process.env['TZ'] = 'UTC';
}

/** Returns the reader of a return code from `least` on. */
export function returnCode(least: 0 | 1): (given: string) => number {
  return (given) => {
    const code = Number(given);
    if (/^\d{1,3}$/.test(given) && code >= least && code <= 255) return code;
    throw new InvalidArgumentError(`It is a number from ${least} to 255.`);
  };
}
