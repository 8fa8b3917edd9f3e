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
      'translate a configuration of the Perl daemon (INI) for this service, and list each setting without a counterpart; exit 1 if something is left to do',
    )
    .argument('<file>', 'the configuration of the daemon (its -c)')
    .option(
      '--global <file>',
      'the global configuration of the framework (its -g); the configuration of the daemon takes precedence',
    )
    .option('--script <path>', 'the script, because these files do not name it')
    .option('--out <dir>', 'write prov-backup-rsnapshot.yaml and the passwords to this folder, instead of printing')
    .action((file: string, options: ImportOptions) =>
      runAction(async () => (await import('./config-import.ts')).configImport(file, options), {
        failureCode: ReturnCode.UNDEFINED_ERROR,
        completesWithoutOutput: true,
      }),
    );
}
