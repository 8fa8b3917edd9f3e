import type { Command } from 'commander';
import { needsConfig } from './options.ts';
import { Answer, answer } from './outcome.ts';

interface ExplainOptions {
  readonly config: string;
  readonly operator?: string;
}

/** `explain UID`: what the service would do with an account now, rule by rule, and what it last said of it. Exits 1 where there is no such account. */
export function registerExplain(program: Command): void {
  needsConfig(program.command('explain'))
    .description('say what the service would do with an account now, and why')
    .argument('<uid>', 'the account')
    .option('--operator <address>', 'where the service that runs can be asked; default: operator.listen')
    .action((uid: string, options: ExplainOptions) => answer(() => explain(uid, options)));
}

async function explain(uid: string, { config, operator }: ExplainOptions): Promise<number> {
  const { withDirectory } = await import('./directory-session.ts');
  const { entriesOf, tellEntry } = await import('./explain-entry.ts');
  const { hostObjection } = await import('../../handlers/steps/host-users.ts');
  const { lastSaid } = await import('./last-said.ts');
  const print = (line: string) => process.stdout.write(`${line}\n`);

  return withDirectory(config, async (session) => {
    const entries = await entriesOf(session, uid);
    if (entries.length === 0) {
      print(`There is no entry with the uid ${JSON.stringify(uid)} below ${session.settings.directory.base},`);
      print('or the account in directory.bindDn may not see it.');
    }
    if (entries.length > 1) print(`${entries.length} entries have this uid:`);
    const { signal } = new AbortController();
    const objection = hostObjection({ rules: session.settings.accounts, signal });
    for (const { entry, matches } of entries)
      for (const line of await tellEntry(entry, matches, session.settings, objection)) print(line);

    const address = operator ?? session.settings.operator.listen;
    const dns = entries.map(({ entry }) => entry.dn);
    if (address !== null) for (const line of await lastSaid(address, uid, dns)) print(line);
    return entries.length === 0 ? Answer.NOT_WELL : Answer.WELL;
  });
}
