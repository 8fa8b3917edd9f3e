import { type Command, InvalidArgumentError, Option } from 'commander';

interface SandboxFlags {
  readonly once: boolean;
  readonly port: number;
}

export function registerSandbox(program: Command): void {
  program
    .command('sandbox')
    .description(
      'try the service without a directory: the real service works on an account in an embedded directory, with a harmless script',
    )
    .addOption(new Option('--once', 'end after the walk instead of continuing to run').default(false))
    .addOption(
      new Option('--port <n>', 'port of the directory on 127.0.0.1').argParser(port).default(0, 'any free one'),
    )
    .action(async (flags: SandboxFlags) => {
      const { runSandbox } = await import('./run-sandbox.ts');
      process.exitCode = await runSandbox(flags);
    });
}

/** How the program was called, in addition to its arguments. */
export interface Invocation {
  /** Whether `npm start` has called the program, which then runs from its sources. */
  readonly byNpmStart: boolean;
  /** Whether the host has a configuration at the default path. */
  readonly hasConfiguration: () => boolean;
}

/**
 * Adds the default command to the arguments. Without a command, it is `sandbox`. On a host with a
 * configuration, an installed program without arguments shows the overview instead: the result is
 * undefined.
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
