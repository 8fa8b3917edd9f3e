import type { Command } from 'commander';
import { operatorTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { runAction, UsageError } from './run-action.ts';

interface TapOptions extends TargetOptions {
  readonly uid?: readonly string[];
  readonly event?: readonly string[];
  readonly since?: string;
  readonly json?: true;
}

/** `tap`: shows the event stream of a running service in a terminal, until Ctrl-C. */
export function registerTap(program: Command): void {
  withTargetOptions(program.command('tap'))
    .description("show a running service's events as they happen")
    .option('--uid <uid...>', 'only of these accounts')
    .option('--event <event...>', 'only these events, for example finished failed')
    .option('--since <time>', 'begin with what was: 90s, 10m, 2h, all, or a time such as 2026-03-01T02:00:00Z')
    .option('--json', 'one JSON object a line')
    .action((options: TapOptions) => runAction(() => tap(options)));
}

async function tap({ uid = [], event = [], since = 'now', json, ...target }: TapOptions): Promise<number> {
  const { pastAndLive } = await import('./past-and-live.ts');
  const { readFilter, readSince } = await import('../operator/event-filter.ts');
  const { renderEvent, renderJson } = await import('../observability/render-event.ts');
  const { wantsColour } = await import('../observability/colour.ts');
  const { visible } = await import('../observability/visible.ts');
  try {
    readFilter({ uid, event });
    readSince(since, Date.now());
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  const address = await operatorTarget(target);
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const colour = wantsColour(process.stdout, process.env);
  const note = (text: string) => process.stderr.write(`-- ${visible(text)}\n`);

  const wanted = { uids: uid, events: event, since, signal: ending.signal };

  for await (const followed of pastAndLive(address, { ...wanted, config: target.config, now: Date.now(), note })) {
    switch (followed.kind) {
      case 'event': {
        const width = process.stdout.columns;
        const options = { colour, ...(width === undefined ? {} : { width }) };
        process.stdout.write(`${json ? renderJson(followed.event) : renderEvent(followed.event, options)}\n`);
        break;
      }
      case 'attached':
        note(`listening to ${address}; Ctrl-C ends it`);
        break;
      case 'lost':
        note(`lost ${address} (${followed.reason}); trying again`);
        break;
      case 'missed':
        note(`${followed.events} events are missing here: they came faster than they were read, or are too old`);
        break;
    }
  }
  return 0;
}
