import { Command, CommanderError } from 'commander';
import { registerAsk } from './commands/ask.ts';
import { registerCheck } from './commands/check.ts';
import { registerConfig } from './commands/config.ts';
import { hasDefaultConfig } from './commands/default-config.ts';
import { registerExplain } from './commands/explain.ts';
import { registerHistory } from './commands/history.ts';
import { registerLdif } from './commands/ldif.ts';
import { registerOrders } from './commands/orders.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRetry } from './commands/retry.ts';
import { registerRun } from './commands/run.ts';
import { runAction } from './commands/run-action.ts';
import { registerSandbox, withDefaultCommand } from './commands/sandbox.ts';
import { watchOutput } from './commands/standard-output.ts';
import { registerStatus } from './commands/status.ts';
import { registerTap } from './commands/tap.ts';
import { registerVerify } from './commands/verify.ts';
import { ProcessExit } from './domain/return-code.ts';
import type { Signals } from './host/signals.ts';

/**
 * Runs the command that the arguments name. Each command is a file in `src/commands/`. The modules
 * that a command needs are loaded when it runs.
 */
export async function runProgram(
  args: readonly string[],
  version: string,
  signals: Signals | undefined,
): Promise<void> {
  watchOutput();
  const fullArgs = withDefaultCommand(args, {
    byNpmStart: process.env['npm_lifecycle_event'] === 'start',
    hasConfiguration: hasDefaultConfig,
  });
  if (fullArgs === undefined) {
    const { overview } = await import('./commands/overview.ts');
    await runAction(() => overview(version));
    return;
  }
  try {
    await commandLine(version, signals).parseAsync(fullArgs, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : ProcessExit.WRONG_USAGE;
  }
}

/**
 * Creates the command line with all commands and their options. `--help`, the manual page and the
 * shell completions are generated from it.
 */
export function commandLine(version: string, signals?: Signals): Command {
  const program = new Command('prov-backup-rsnapshot')
    .description('Provisions backup accounts as soon as they are requested in the LDAP directory')
    .version(version, '-V, --version', 'show the version of the program')
    .helpOption('-h, --help', 'show the commands and options')
    .helpCommand('help [command]', 'show the help of one command')
    .showHelpAfterError('(--help shows the commands and options)')
    .exitOverride();

  registerRun(program, signals);
  const others = [
    registerSandbox,
    registerCheck,
    registerStatus,
    registerTap,
    registerHistory,
    registerOrders,
    registerExplain,
    registerVerify,
    registerRetry,
    registerAsk,
    registerReplay,
    registerLdif,
    registerConfig,
  ];
  for (const register of others) register(program);
  return program;
}
