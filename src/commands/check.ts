import type { Command } from 'commander';
import type { CheckLine } from '../domain/check-line.ts';
import { paint, wantsColour } from '../observability/colour.ts';
import { withConfigOption } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';

const MARKS = { ok: 'green', advice: 'yellow', fail: 'red', 'not tried': 'yellow' } as const;

export function registerCheck(program: Command): void {
  withConfigOption(program.command('check'))
    .description('tries everything that run needs, one line each, with what to do about a failure; changes nothing')
    .action(({ config }: { config: string }) => runAction(() => check(config), { failureCode: CommandExit.NOT_OK }));
}

async function check(config: string): Promise<number> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { preflight } = await import('../preflight/preflight.ts');
  const settings = await loadConfig(config, process.env);
  const colour = wantsColour(process.stdout, process.env);
  const holds = await preflight(config, settings, process.env, (line) => {
    process.stdout.write(`${render(line, colour)}\n`);
  });
  return holds ? CommandExit.OK : CommandExit.NOT_OK;
}

function render({ verdict, what, found, remedy }: CheckLine, colour: boolean): string {
  const mark = paint(verdict.padEnd(9), MARKS[verdict], colour);
  return `${mark}  ${what}: ${found}${remedy === undefined ? '' : `\n           -> ${remedy}`}`;
}
