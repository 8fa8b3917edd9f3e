import type { Command } from 'commander';
import { hearSignals, type Signals } from '../signals.ts';
import { needsConfig } from './options.ts';

interface RunFlags {
  readonly config: string;
  readonly debug: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly record?: string;
}

/** `signals` are heard already, where the start could tell that this is the command. */
export function registerRun(program: Command, signals: Signals | undefined): void {
  needsConfig(program.command('run'))
    .description('the service: watches the directory and provisions accounts until it is told to stop')
    .option('-d, --debug', "print the stream's events for a person", false)
    .option('--json', 'print the events as one JSON object a line', false)
    .option('-r, --dry-run', 'decide and report, write and run nothing', false)
    .option('--record <file>', 'keep what the directory tells and what becomes of it, for replay')
    .action(async (flags: RunFlags) => {
      const { settingsOf } = await import('./settings.ts');
      const { runService } = await import('../run-service.ts');
      const settings = await settingsOf(flags.config);
      // Not by itself: what a reader that stands still has not taken would keep the process alive.
      const debug = flags.json ? 'json' : flags.debug && 'pretty';
      if (settings !== undefined)
        process.exit(
          await runService(settings, { ...flags, configFile: flags.config, debug, signals: signals ?? hearSignals() }),
        );
    });
}
