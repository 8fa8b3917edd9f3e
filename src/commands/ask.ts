import { createInterface } from 'node:readline/promises';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { counted } from '../domain/counted.ts';
import { destroys, MODES, type Mode } from '../domain/mode.ts';
import { withConfigOption } from './options.ts';
import type { AskedCount, NamedAccount } from './request-accounts.ts';
import { CommandExit, CommandFailure, runAction, UsageError } from './run-action.ts';

interface AskOptions {
  readonly config: string;
  readonly all?: true;
  readonly yes?: number;
  readonly preview?: true;
}

/**
 * Registers `ask MODE UID...`, which requests a mode for accounts that are finished or failed. It
 * exits with 0 if that succeeded for all of them, otherwise with 1.
 */
export function registerAsk(program: Command): void {
  withConfigOption(program.command('ask'))
    .description(
      'request a mode for accounts that are finished or failed, by compare-and-swap; exit 0 if all were requested',
    )
    .addArgument(new Argument('<mode>', 'the mode to request').choices(MODES))
    .argument('[uid...]', 'the accounts')
    .option(
      '--all',
      'all accounts that are finished or failed, except deleted ones; asks for confirmation; not for delete',
    )
    .option('--yes <count>', 'with --all: the number of accounts, so that no confirmation is needed', wholeNumber)
    .option('--preview', 'only show which accounts would be requested')
    .action((mode: Mode, uids: readonly string[], options: AskOptions) =>
      runAction(() => askFor(mode, uids, options), { completesWithoutOutput: true }),
    );
}

async function askFor(mode: Mode, uids: readonly string[], options: AskOptions): Promise<number> {
  checkUsage(mode, uids, options);
  const { withDirectory } = await import('./directory-session.ts');
  const { decisionOf } = await import('./decision.ts');
  const { accountsByUid, allAccounts, askEach, isAmongAll, mayAsk } = await import('./request-accounts.ts');
  const preview = options.preview === true;
  return withDirectory(options.config, async (session) => {
    const decider = decisionOf(session.settings);
    const judge = (account: NamedAccount) => ({ account, asking: mayAsk(account, mode, session, decider) });
    const how = { again: '', preview, decide: decider.decide };
    if (options.all === undefined) {
      const accounts = (await accountsByUid(session, uids)).map(judge);
      const asked = await askEach(accounts, session, how);
      return report(asked, accounts.length > 1 ? '' : undefined, preview);
    }
    const seen = (await allAccounts(session)).map(judge);
    const wanted = seen.filter(({ asking }) => isAmongAll(asking));
    if (!preview) await confirm(wanted.length, mode, options.yes);
    const others = `; ${seen.length - wanted.length} others are open, deleted or no accounts`;
    return report(await askEach(wanted, session, how), others, preview);
  });
}

/**
 * Prints the numbers, and returns the exit code. `more` is the text after the numbers. If it is
 * undefined, nothing is printed.
 */
function report({ done, refused }: AskedCount, more: string | undefined, preview: boolean): number {
  if (more !== undefined)
    process.stdout.write(`${done} ${preview ? 'would be requested' : 'requested'}, ${refused} not${more}.\n`);
  return refused === 0 ? CommandExit.OK : CommandExit.NOT_OK;
}

function checkUsage(mode: Mode, uids: readonly string[], { all, yes, preview }: AskOptions): void {
  if (uids.length === 0 && all === undefined) throw new UsageError('no accounts are given: name them, or give --all');
  if (uids.length > 0 && all !== undefined) throw new UsageError('name accounts or give --all, not both');
  if (yes !== undefined && all === undefined) throw new UsageError('--yes COUNT can only be used with --all');
  if (all === undefined) return;
  if (destroys(mode)) throw new UsageError(`--all cannot be used with ${mode}: name the accounts`);
  if (preview === undefined && yes === undefined && !process.stdin.isTTY)
    throw new UsageError('this cannot be confirmed without a terminal: give --yes COUNT; --preview shows the number');
}

/**
 * Asks for the number of accounts, unless `--yes` gives it. Rejects with a CommandFailure if the
 * number is wrong.
 */
async function confirm(count: number, mode: Mode, yes: number | undefined): Promise<void> {
  const given = yes ?? (await asked(`Request ${mode} for ${counted(count, 'account')}? Type the number: `));
  if (given === count) return;
  const fault = Number.isNaN(given)
    ? 'that is not a number'
    : `there ${count === 1 ? 'is' : 'are'} ${counted(count, 'account')}, not ${given}`;
  throw new CommandFailure(`${fault}: nothing was requested`);
}

async function asked(question: string): Promise<number> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return wholeNumberOf(await terminal.question(question));
  } finally {
    terminal.close();
  }
}

function wholeNumberOf(given: string): number {
  return /^\d{1,9}$/.test(given.trim()) ? Number(given) : Number.NaN;
}

function wholeNumber(given: string): number {
  const number = wholeNumberOf(given);
  if (!Number.isNaN(number)) return number;
  throw new InvalidArgumentError('Give a whole number.');
}
