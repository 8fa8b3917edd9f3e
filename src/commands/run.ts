import { type Command, Option } from 'commander';

interface RunFlags {
  readonly config: string;
  readonly debug: boolean;
  readonly dryRun: boolean;
}

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('the service: watches the directory and provisions accounts until it is told to stop')
    .addOption(new Option('-c, --config <file>', 'configuration file (YAML)').makeOptionMandatory())
    .option('-d, --debug', "print the stream's events for a person", false)
    .option('-r, --dry-run', 'decide and report, write and run nothing', false)
    .action(async (flags: RunFlags) => {
      const { runService } = await import('../run-service.ts');
      process.exitCode = await runService(flags.config, flags);
    });
}
