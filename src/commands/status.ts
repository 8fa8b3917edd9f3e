import type { Command } from 'commander';
import { operatorTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { CommandExit, runAction } from './run-action.ts';

/** A limit of the lists that includes every account. */
const ALL = 1_000_000;

interface StatusOptions extends TargetOptions {
  readonly json?: true;
}

/**
 * `status`: shows what a running service is doing, on one screen. Exits 0 if it is ready, 1 if not,
 * 2 if it cannot be reached.
 */
export function registerStatus(program: Command): void {
  withTargetOptions(program.command('status'))
    .description('show what a running service is doing; exit 0 when it is ready, 1 when not, 2 when unreachable')
    .option('--json', 'all of it as one JSON object')
    .action((options: StatusOptions) => runAction(() => status(options)));
}

async function status({ json, ...target }: StatusOptions): Promise<number> {
  const { fetchStatus } = await import('../operator/client.ts');
  const { renderStatus } = await import('./status-screen.ts');
  const { wantsColour } = await import('../observability/colour.ts');
  const snapshot = await fetchStatus(await operatorTarget(target), json ? { limit: ALL } : {});
  const text = json
    ? JSON.stringify(snapshot, null, 2)
    : renderStatus(snapshot, { colour: wantsColour(process.stdout, process.env), rows: process.stdout.rows ?? 40 });
  process.stdout.write(`${text}\n`);
  return snapshot.ready ? CommandExit.OK : CommandExit.NOT_OK;
}
