import type { Command } from 'commander';
import { useUtc, withConfigOption } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';

interface VerifyOptions {
  readonly config: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly utc?: true;
}

/**
 * Registers `verify`, which lists each account that is not finished. It exits with 0 if none needs
 * attention, with 1 if some do, and with 2 if the directory cannot be read.
 */
export function registerVerify(program: Command): void {
  withConfigOption(program.command('verify'))
    .description(
      'list each account that is not finished; exit 0 if nothing needs to be done, 1 if something does, 2 if the directory cannot be read',
    )
    .option('--json', 'one JSON object for each account')
    .option('--quiet', 'print only accounts that need attention, and nothing if none does: for cron')
    .option('--utc', 'times in UTC instead of the local zone')
    .action((options: VerifyOptions) => runAction(() => verify(options)));
}

async function verify({ config, json, quiet, utc }: VerifyOptions): Promise<number> {
  if (utc) useUtc();
  const { withDirectory } = await import('./directory-session.ts');
  const { pauseHints } = await import('./pause-hints.ts');
  const { visibleJson } = await import('../domain/visible.ts');
  const { verifyAccounts, renderFinding, summarize } = await import('./verify-accounts.ts');
  return withDirectory(config, async (session) => {
    const tally = await verifyAccounts(session, (finding) => {
      if (quiet && !finding.owed) return;
      process.stdout.write(`${json ? visibleJson(JSON.stringify(finding)) : renderFinding(finding)}\n`);
    });
    if (!json && !(quiet && tally.owed === 0)) {
      process.stdout.write(`${summarize(tally)}\n`);
      if (tally.owed > 0) for (const line of await pauseHints(session.settings)) process.stdout.write(`${line}\n`);
    }
    return tally.owed === 0 ? CommandExit.OK : CommandExit.NOT_OK;
  });
}
