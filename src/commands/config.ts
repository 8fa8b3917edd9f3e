import type { Command } from 'commander';
import { ReturnCode } from '../domain/return-code.ts';
import type { ImportOptions } from './config-import.ts';
import { runAction } from './run-action.ts';

/** Registers `config import`. */
export function registerConfig(program: Command): void {
  program
    .command('config')
    .description('work on configuration files')
    .command('import')
    .description(
      'turn a configuration of the Perl daemon (INI) into one of this service, and say line by line what has no counterpart; exit 1 if something is left to do',
    )
    .argument('<file>', 'the configuration of the daemon (its -c)')
    .option('--global <file>', "the framework's global configuration (its -g), over which the other one wins")
    .option('--script <path>', 'the script, which these files do not name')
    .option('--out <dir>', 'write prov-backup-rsnapshot.yaml and the password there, instead of printing')
    .action((file: string, options: ImportOptions) =>
      runAction(async () => (await import('./config-import.ts')).configImport(file, options), {
        failureCode: ReturnCode.UNDEFINED_ERROR,
        completesWithoutOutput: true,
      }),
    );
}
