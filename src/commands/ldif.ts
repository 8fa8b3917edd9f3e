import type { Command } from 'commander';
import { ReturnCode } from '../domain/return-code.ts';
import type { CreateOptions } from './ldif-create.ts';
import type { LoadOptions } from './ldif-load.ts';
import { withConfigOption } from './options.ts';
import { runAction } from './run-action.ts';

const ACTION_OPTIONS = { failureCode: ReturnCode.UNDEFINED_ERROR, completesWithoutOutput: true };

/** Registers `ldif create` and `ldif load`. Their modules are loaded when one of them runs. */
export function registerLdif(program: Command): void {
  const ldif = program.command('ldif').description('write and load LDIF files for the whole life of an account');

  ldif
    .command('create')
    .description(
      'write four LDIF files of a backup account: 01_add, 02_modify, 03_delete and 04_remove, each _UID.ldif',
    )
    .requiredOption('--uid <uid>', 'uid of the account: letters, digits and . _ @ -')
    .option('--reseller <uid>', 'sstBelongsToResellerUID', '4000000')
    .option('--customer <uid>', 'sstBelongsToCustomerUID', '4000001')
    .option('--people <uid>', 'sstBelongsToPersonUID', '4000002')
    .option('--givenname <name>', 'givenName', 'Givenname')
    .option('--surname <name>', 'sn', 'Surname')
    .option('--out <dir>', 'folder for the files; it must exist', '/root/data')
    .option(
      '--base <dn>',
      'the entry below which the accounts are',
      'ou=accounts,ou=backup,ou=services,dc=stoney-cloud,dc=org',
    )
    .option('--quota <bytes>', 'sstQuota', '10737418240')
    .option('--home <path>', 'homeDirectory (default: "/var/backup/UID/chroot/./home/UID")')
    .option('--date-attribute <name>', 'name of the provisioning date in the directory', 'sstProvisioningExecutionDate')
    .option('--force', 'overwrite existing files', false)
    .action((options: CreateOptions) =>
      runAction(async () => (await import('./ldif-create.ts')).createLdif(options), ACTION_OPTIONS),
    );

  withConfigOption(ldif.command('load'))
    .description('apply an LDIF file to the configured directory, record by record, up to the first error')
    .argument('<ldif>', 'the file; - is standard input')
    .option('--continue', 'go on after an error', false)
    .option('--bind-dn <dn>', 'bind as this account, because the account in directory.bindDn often may not add entries')
    .option('--bind-password-file <file>', 'file of the password of --bind-dn')
    .action((file: string, options: LoadOptions) =>
      runAction(async () => (await import('./ldif-load.ts')).loadLdif(file, options), ACTION_OPTIONS),
    );
}
