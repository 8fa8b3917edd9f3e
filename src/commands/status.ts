import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/kinds/units.ts';
import { operatorTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { useUtc } from './options.ts';
import { runAction, UsageError } from './run-action.ts';

/** A limit of the lists that includes every account. */
const ALL = 1_000_000;
/** The interval of `--watch` in milliseconds. */
const INTERVAL = { usual: 2_000, shortest: 100, longest: 3_600_000 };

interface StatusOptions extends TargetOptions {
  readonly json?: true;
  readonly failed?: true;
  readonly wide?: true;
  readonly utc?: true;
  readonly watch?: true;
  readonly interval?: number;
}

/**
 * Registers `status`, which shows on one screen what a running service is doing. It exits with 0 if
 * the service is ready and nothing needs attention, with 1 if something does, and with 2 if the
 * service cannot be reached.
 */
export function registerStatus(program: Command): void {
  withTargetOptions(program.command('status'))
    .description(
      'show what a running service is doing; exit 0 if nothing needs attention, 1 if something does, 2 if the service is unreachable',
    )
    .option('--watch', 'update it in place until Ctrl-C')
    .option('--interval <time>', 'with --watch: how often, such as 500ms or 10s; default: 2s', interval)
    .option('--json', 'the whole status as one JSON object')
    .option('--failed', 'list all failed accounts by cause')
    .option('--wide', 'do not shorten lines and lists')
    .option('--utc', 'times in UTC instead of the local zone')
    .action((options: StatusOptions) => runAction(() => (options.watch ? watch(options) : status(options))));
}

async function watch({ json, failed, wide, utc, interval, watch: _, ...target }: StatusOptions): Promise<number> {
  if (json ?? failed ?? wide)
    throw new UsageError('--watch cannot be used with --json, --failed or --wide: leave these out');
  if (!process.stdout.isTTY) throw new UsageError('--watch needs a terminal; programs can use status --json');
  if (utc) useUtc();
  const { watchStatus } = await import('./watch-status.ts');
  const intervalMilliseconds = interval ?? INTERVAL.usual;
  return watchStatus({ address: () => operatorTarget(target), intervalMilliseconds });
}

async function status(options: StatusOptions): Promise<number> {
  const { json, failed, wide, utc, interval, watch: _, ...target } = options;
  if (interval !== undefined) throw new UsageError('--interval can only be used with --watch');
  const { fetchStatus } = await import('../operator/fetch-status.ts');
  const { renderStatus } = await import('./status-screen.ts');
  const { renderFailures } = await import('./failed-screen.ts');
  const { wantsColour } = await import('../observability/colour.ts');
  const { sizeOf } = await import('./screen.ts');
  const { exitCodeFor } = await import('./troubles.ts');
  const { visibleJson } = await import('../domain/visible.ts');
  if (utc) useUtc();
  const snapshot = await fetchStatus(await operatorTarget(target), json || failed || wide ? { limit: ALL } : {});
  const endless = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
  const size = wide ? endless : sizeOf(process.stdout);
  const text = () => {
    if (json) return visibleJson(JSON.stringify(snapshot, null, 2));
    if (failed) return renderFailures(snapshot, size.columns);
    return renderStatus(snapshot, { colour: wantsColour(process.stdout, process.env), ...size });
  };
  process.stdout.write(`${text()}\n`);
  return exitCodeFor(snapshot);
}

function interval(given: string): number {
  const milliseconds = parseDuration(given);
  const { shortest, longest } = INTERVAL;
  if (milliseconds !== undefined && milliseconds >= shortest && milliseconds <= longest) return milliseconds;
  throw new InvalidArgumentError('Give a duration from 100ms to 1h, such as 2s.');
}
