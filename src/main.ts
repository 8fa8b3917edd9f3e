#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { registerCheck } from './commands/check.ts';
import { registerExplain } from './commands/explain.ts';
import { registerLdif } from './commands/ldif.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRetry } from './commands/retry.ts';
import { registerRun } from './commands/run.ts';
import { orSandbox, registerSandbox } from './commands/sandbox.ts';
import { registerStatus } from './commands/status.ts';
import { registerTap } from './commands/tap.ts';
import { registerVerify } from './commands/verify.ts';
import { ProcessExit, ReturnCode } from './domain/return-code.ts';
import { faultOfRuntime } from './runtime.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

const fault = faultOfRuntime(process.versions.node, manifest.engines.node);
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`);
  process.exit(ReturnCode.RUNTIME_VERSION_NOT_SATISFIED);
}

/** Each command is a file of `src/commands/`; what it needs is loaded only when it is asked for. */
const program = new Command('prov-backup-rsnapshot')
  .description('Provisions backup accounts the moment somebody writes to the LDAP directory')
  .version(manifest.version, '-V, --version', 'the version of the program')
  .helpOption('-h, --help', 'what there is, and how to use it')
  .helpCommand('help [command]', 'the same, of one command')
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : ProcessExit.WRONG_USAGE));

const commands = [
  registerRun,
  registerSandbox,
  registerCheck,
  registerStatus,
  registerTap,
  registerExplain,
  registerVerify,
  registerRetry,
  registerReplay,
  registerLdif,
];
for (const register of commands) register(program);

await program.parseAsync(orSandbox(process.argv.slice(2)), { from: 'user' });
