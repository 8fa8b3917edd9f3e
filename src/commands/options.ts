import type { Command } from 'commander';

/** Adds the option for the configuration file, which every command with a directory needs. */
export function withConfigOption(command: Command): Command {
  // Not a mandatory option of commander: that would report the missing option before an unknown
  // one, which usually is the cause.
  return command.option('-c, --config <file>', 'configuration file (YAML)').hook('preAction', (_, called) => {
    if (called.opts()['config'] === undefined)
      called.error("error: required option '-c, --config <file>' not specified");
  });
}
