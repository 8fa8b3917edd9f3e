import type { Command } from 'commander';

/** Adds the configuration file, which every command that talks to the directory needs. */
export function needsConfig(command: Command): Command {
  // Not a mandatory option of commander's: its lack would be told before an unknown option, which most often is its cause.
  return command.option('-c, --config <file>', 'configuration file (YAML)').hook('preAction', (_, called) => {
    if (called.opts()['config'] === undefined)
      called.error("error: required option '-c, --config <file>' not specified");
  });
}
