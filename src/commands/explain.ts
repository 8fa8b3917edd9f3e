import type { Command } from 'commander';
import { DirectoryError } from '../domain/directory-error.ts';
import { useUtc, withConfigOption } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';

interface ExplainOptions {
  readonly config: string;
  readonly operator?: string;
  readonly utc?: true;
}

/**
 * Registers `explain UID`. It shows what the service would do with an account now, rule by rule,
 * with several services who holds its lease, and what the running service and the journal know
 * about the account. It exits with 1 if there is no such account.
 */
export function registerExplain(program: Command): void {
  withConfigOption(program.command('explain'))
    .description('say what the service would do with an account now, and why')
    .argument('<uid>', 'the account')
    .option('--operator <address>', 'the address of the running service; default: operator.listen')
    .option('--utc', 'times in UTC instead of the local zone')
    .action((uid: string, options: ExplainOptions) => runAction(() => explain(uid, options)));
}

async function explain(uid: string, { config, operator, utc }: ExplainOptions): Promise<number> {
  const { parseConfig, readConfig } = await import('../../config/load-config.ts');
  const { knownOfAccount } = await import('./known-of-account.ts');
  const { usableAddress } = await import('../operator/usable-address.ts');
  if (utc) useUtc();
  const settings = parseConfig(await readConfig(config), process.env, config);
  const { listen } = settings.operator;
  const address = operator ?? (listen === null ? null : await usableAddress(listen));
  const { directory } = settings.journal;
  const printKnown = async (dns: readonly string[]): Promise<void> => {
    if ((address ?? directory) !== null) print(await knownOfAccount({ address, directory }, uid, dns));
  };
  let dns: readonly string[];
  try {
    dns = await explainEntries(uid, config);
  } catch (error) {
    // If the directory is unreachable, this is all that can be shown.
    if (error instanceof DirectoryError) await printKnown([]);
    throw error;
  }
  await printKnown(dns);
  return dns.length === 0 ? CommandExit.NOT_OK : CommandExit.OK;
}

/**
 * Prints what would be done with each entry that has the uid. Resolves to the DNs of these entries.
 */
async function explainEntries(uid: string, config: string): Promise<readonly string[]> {
  const { withDirectory } = await import('./directory-session.ts');
  const { entriesOf, describeEntry } = await import('./explain-entry.ts');
  const { hostObjection } = await import('../../handlers/steps/host-users.ts');
  const { explainSubscription } = await import('./explain-subscription.ts');
  const { explainLease } = await import('./explain-lease.ts');
  const { explainSwitch } = await import('./explain-switch.ts');

  return withDirectory(config, async (session) => {
    const { settings } = session;
    const entries = await entriesOf(session, uid);
    print(describeCount(entries.length, uid, settings.directory.base));
    const { signal } = new AbortController();
    const objection = hostObjection({ rules: settings.accounts, signal });
    for (const { entry, matches } of entries) print(await describeEntry(entry, matches, settings, objection));
    if (entries.length > 0) print(await explainLease(session, uid));
    print(await explainSwitch(session));
    print(await explainSubscription(session, uid));
    return entries.map(({ entry }) => entry.dn);
  });
}

/** Reports the number of entries unless it is one. */
function describeCount(count: number, uid: string, base: string): readonly string[] {
  if (count === 1) return [];
  if (count > 1) return [`${count} entries have this uid:`];
  return [
    `There is no entry with the uid ${JSON.stringify(uid)} below ${base},`,
    'or the account in directory.bindDn may not see it.',
  ];
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
