import type { Command } from 'commander';
import { operatorTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { useUtc } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';

/** A limit of the lists that includes every account. */
const ALL = 1_000_000;
/** The size of a terminal that does not say it. */
const USUAL = { columns: 80, rows: 24 };

interface StatusOptions extends TargetOptions {
  readonly json?: true;
  readonly failed?: true;
  readonly wide?: true;
  readonly utc?: true;
}

/**
 * `status`: shows what a running service is doing, on one screen. Exits 0 if it is ready, 1 if not,
 * 2 if it cannot be reached.
 */
export function registerStatus(program: Command): void {
  withTargetOptions(program.command('status'))
    .description('show what a running service is doing; exit 0 when it is ready, 1 when not, 2 when unreachable')
    .option('--json', 'all of it as one JSON object')
    .option('--failed', 'the failed accounts, all of them, by their causes')
    .option('--wide', 'lines and lists as long as they are')
    .option('--utc', 'times in UTC instead of the local zone')
    .action((options: StatusOptions) => runAction(() => status(options)));
}

async function status({ json, failed, wide, utc, ...target }: StatusOptions): Promise<number> {
  const { fetchStatus } = await import('../operator/fetch-status.ts');
  const { renderStatus } = await import('./status-screen.ts');
  const { renderFailures } = await import('./failed-screen.ts');
  const { wantsColour } = await import('../observability/colour.ts');
  if (utc) useUtc();
  const snapshot = await fetchStatus(await operatorTarget(target), json || failed || wide ? { limit: ALL } : {});
  const endless = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
  const { columns = USUAL.columns, rows = USUAL.rows } = process.stdout;
  const size = wide ? endless : { columns, rows };
  const text = () => {
    if (json) return JSON.stringify(snapshot, null, 2);
    if (failed) return renderFailures(snapshot, size.columns);
    return renderStatus(snapshot, { colour: wantsColour(process.stdout, process.env), ...size });
  };
  process.stdout.write(`${text()}\n`);
  return snapshot.ready ? CommandExit.OK : CommandExit.NOT_OK;
}
