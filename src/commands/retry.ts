import type { Command } from 'commander';
import { returnCode, withConfigOption } from './options.ts';
import { CommandExit, runAction, UsageError } from './run-action.ts';

interface RetryOptions {
  readonly config: string;
  readonly failed?: true;
  readonly code?: number;
  readonly preview?: true;
}

/**
 * Registers `retry UID...`, which requests failed accounts again. It exits with 0 if that succeeded
 * for all of them, otherwise with 1.
 */
export function registerRetry(program: Command): void {
  withConfigOption(program.command('retry'))
    .description('request failed accounts again, by compare-and-swap; exit 0 if all were requested')
    .argument('[uid...]', 'the accounts')
    .option('--failed', 'all failed accounts')
    .option('--preview', 'only show which accounts would be requested')
    .option('--code <code>', 'the failed accounts with this return code', returnCode(1))
    .action((uids: readonly string[], options: RetryOptions) =>
      runAction(() => retry(uids, options), { completesWithoutOutput: true }),
    );
}

async function retry(uids: readonly string[], { config, failed, code, preview }: RetryOptions): Promise<number> {
  if (uids.length === 0 && failed === undefined && code === undefined) {
    throw new UsageError('no accounts are given: name them, or give --failed or --code CODE');
  }
  if (uids.length > 0 && (failed !== undefined || code !== undefined)) {
    throw new UsageError('name accounts or give --failed or --code CODE, not both');
  }
  const { withDirectory } = await import('./directory-session.ts');
  const { decisionOf } = await import('./decision.ts');
  const { accountsByUid, askEach, failedAccounts, mayRetry } = await import('./request-accounts.ts');
  return withDirectory(config, async (session) => {
    const accounts = uids.length > 0 ? await accountsByUid(session, uids) : await failedAccounts(session, code);
    const decider = decisionOf(session.settings);
    const how = { again: ' again', preview: preview === true, decide: decider.decide };
    const judged = accounts.map((account) => ({ account, asking: mayRetry(account, session, decider) }));
    const { done, refused } = await askEach(judged, session, how);
    if (accounts.length === 0) {
      process.stdout.write(`No account has failed${code === undefined ? '' : ` with code ${code}`}.\n`);
    }
    if (accounts.length > 1)
      process.stdout.write(`${done} ${preview ? 'would be requested again' : 'requested again'}, ${refused} not.\n`);
    return refused === 0 ? CommandExit.OK : CommandExit.NOT_OK;
  });
}
