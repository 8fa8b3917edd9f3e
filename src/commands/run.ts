import type { Command } from 'commander';
import { ReturnCode } from '../domain/return-code.ts';
import { handleSignals, type Signals } from '../host/signals.ts';
import { withConfigOption } from './options.ts';
import { exitCodeOf } from './run-action.ts';
import { whenOutputIsLost } from './standard-output.ts';

interface RunFlags {
  readonly config: string;
  readonly debug: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly record?: string;
}

/** Registers `run`. `signals`: set if the start of the program already handles the signals. */
export function registerRun(program: Command, signals: Signals | undefined): void {
  withConfigOption(program.command('run'))
    .description('run the service: watch the directory and provision accounts until a signal stops it')
    .option('-d, --debug', 'print the events of the stream as text for people', false)
    .option('--json', 'print the events as one JSON object a line', false)
    .option('-r, --dry-run', 'decide and report, but write and run nothing', false)
    .option('--record <file>', 'record each decision with its input, for replay')
    .action(async (flags: RunFlags) => {
      // A reader that closes the pipe (`run -d | head`) does not stop the service, and the outputs
      // report a full disk.
      whenOutputIsLost(() => {});
      const { loadConfig } = await import('../../config/load-config.ts');
      const { runService } = await import('../service/run-service.ts');
      const debug = flags.json ? 'json' : flags.debug && 'pretty';
      const exitCode = await exitCodeOf(async () => {
        const settings = await loadConfig(flags.config, process.env);
        const handled = signals ?? handleSignals();
        return runService(settings, { ...flags, configFile: flags.config, debug, signals: handled });
      }, ReturnCode.UNDEFINED_ERROR);
      // Exit explicitly: output that a stopped reader has not taken would keep the process alive.
      process.exit(exitCode);
    });
}
