#!/usr/bin/env node
import { Command } from 'commander';
import { registerLdif } from './commands/ldif.ts';
import { registerRun } from './commands/run.ts';
import { ProcessExit } from './domain/return-code.ts';

/** Each command is a file of `src/commands/`; what it needs is loaded only when it is asked for. */
const program = new Command('prov-backup-rsnapshot')
  .description('Provisions backup accounts the moment somebody writes to the LDAP directory')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : ProcessExit.WRONG_USAGE));

for (const register of [registerRun, registerLdif]) register(program);

await program.parseAsync();
