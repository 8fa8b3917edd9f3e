import type { Command } from 'commander';
import { LONGEST_TIMER } from '../domain/longest-timer.ts';
import { CommandExit, runAction } from './run-action.ts';

interface ReplayFlags {
  readonly uid?: string;
  readonly realtime?: true;
  readonly json?: true;
}

/**
 * Registers `replay FILE`, which takes the steps of a recording of `run --record` again. It exits
 * with 0 if every step has the recorded result, otherwise with 1.
 */
export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description(
      'take the steps of a recording (run --record) again, without directory and scripts, and print what they report',
    )
    .argument('<file>', 'the recording')
    .option('--uid <uid>', 'only this account')
    .option('--realtime', 'at the original speed; default: as fast as possible')
    .option('--json', 'one JSON object a line')
    .action((file: string, flags: ReplayFlags) => runAction(() => replay(file, flags)));
}

async function replay(file: string, { uid, realtime, json }: ReplayFlags): Promise<number> {
  const { setTimeout: delay } = await import('node:timers/promises');
  const { renderEvent, renderJson } = await import('../observability/render-event.ts');
  const { counted } = await import('../domain/counted.ts');
  const { visible } = await import('../domain/visible.ts');
  const { wantsColour } = await import('../observability/colour.ts');
  const { replayFile } = await import('../replay/replay-file.ts');
  const colour = wantsColour(process.stdout, process.env);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const note = (text: string) => process.stderr.write(`-- ${visible(text)}\n`);

  const { same, differing, differences, unfinished, gaps } = await replayFile(file, {
    uid,
    pace: realtime ? (milliseconds) => delay(Math.min(milliseconds, LONGEST_TIMER)) : () => Promise.resolve(),
    onEvent: (event) => print(json ? renderJson(event) : renderEvent(event, { colour })),
    onNotice: note,
  });
  for (const { account, recorded, replayed } of differences) note(`${account}: recorded ${recorded}, now ${replayed}`);
  if (gaps > 0) note(`${counted(gaps, 'line', ['is', 'are'])} missing in the recording: the disk was too slow`);
  if (unfinished > 0) note(`${counted(unfinished, 'account', ['was', 'were'])} still in work when the recording ended`);
  note(
    differing === 0
      ? `${counted(same, 'decision')}, all as recorded`
      : `${counted(same, 'decision')} as recorded, ${counted(differing, 'account', ['differs', 'differ'])}`,
  );
  return differing === 0 ? CommandExit.OK : CommandExit.NOT_OK;
}
