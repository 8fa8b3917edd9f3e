import type { Command } from 'commander';
import type { CheckLine } from '../domain/check-line.ts';
import { visible } from '../domain/visible.ts';
import { paint, wantsColour } from '../observability/colour.ts';
import { withConfigOption } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';

const MARKS = { ok: 'green', advice: 'yellow', fail: 'red', 'not tried': 'yellow' } as const;

/** The unit of the service. */
const UNIT = 'prov-backup-rsnapshot.service';

interface CheckOptions {
  readonly config: string;
  /** True if no unit is named. */
  readonly unit?: string | true;
  readonly notify?: true;
}

export function registerCheck(program: Command): void {
  withConfigOption(program.command('check'))
    .description('check everything that run needs, one line each, with what to do about a failure; changes nothing')
    .option(
      '--unit [unit]',
      `also compare the systemd unit (a name or a file) with the configuration; default: ${UNIT}`,
    )
    .option('--notify', 'also send a test message to all receivers of notifications')
    .action((options: CheckOptions) => runAction(() => check(options), { failureCode: CommandExit.NOT_OK }));
}

async function check({ config, unit, notify }: CheckOptions): Promise<number> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { preflight } = await import('../preflight/preflight.ts');
  const { checkNotify } = await import('../preflight/notify.ts');
  const { checkUnit } = await import('../preflight/unit.ts');
  const settings = await loadConfig(config, process.env);
  const colour = wantsColour(process.stdout, process.env);
  const report = (line: CheckLine): void => {
    process.stdout.write(`${render(line, colour)}\n`);
  };
  const holds = await preflight(config, settings, process.env, report);
  const ofNotify = await checkNotify(settings, config, notify === true, Date.now());
  const ofUnit = unit === undefined ? [] : await checkUnit(unit === true ? UNIT : unit, config, settings);
  const further = [...ofNotify, ...ofUnit];
  for (const line of further) report(line);
  return holds && further.every(({ verdict }) => verdict !== 'fail') ? CommandExit.OK : CommandExit.NOT_OK;
}

function render({ verdict, what, found, remedy }: CheckLine, colour: boolean): string {
  const mark = paint(verdict.padEnd(9), MARKS[verdict], colour);
  // The texts contain words of the directory server and of the host, which may be hostile.
  return `${mark}  ${visible(`${what}: ${found}`)}${remedy === undefined ? '' : `\n           -> ${visible(remedy)}`}`;
}
