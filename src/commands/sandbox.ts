import { type Command, InvalidArgumentError, Option } from 'commander';

interface SandboxFlags {
  readonly once: boolean;
  readonly port: number;
}

export function registerSandbox(program: Command): void {
  program
    .command('sandbox')
    .description(
      'try it without a directory: one in memory, a harmless script, and the real service at work on an account',
    )
    .addOption(new Option('--once', 'end after the walk instead of staying up').default(false))
    .addOption(
      new Option('--port <n>', 'port of the directory on 127.0.0.1').argParser(port).default(0, 'any free one'),
    )
    .action(async (flags: SandboxFlags) => {
      const { runSandbox } = await import('./run-sandbox.ts');
      process.exitCode = await runSandbox(flags);
    });
}

/** What there is besides the arguments. */
export interface Invocation {
  /** `npm start` runs the program from its sources. */
  readonly byNpmStart: boolean;
  /** Whether the host has a configuration at the default path. */
  readonly hasConfiguration: () => boolean;
}

/**
 * The arguments with the command that they mean: without one that is `sandbox`, unless the program
 * is installed on a host with a configuration. Then it is undefined: an overview.
 */
export function withDefaultCommand(
  args: readonly string[],
  { byNpmStart, hasConfiguration }: Invocation,
): readonly string[] | undefined {
  const [first] = args;
  if (first === undefined) return byNpmStart || !hasConfiguration() ? ['sandbox'] : undefined;
  return /^--(?:once|port)\b/.test(first) ? ['sandbox', ...args] : args;
}

function port(given: string): number {
  const value = Number(given);
  if (!/^[0-9]+$/.test(given) || value > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return value;
}
