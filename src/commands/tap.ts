import type { Command } from 'commander';
import type { PublishedEvent } from '../domain/event.ts';
import { LONGEST_TIMER } from '../domain/longest-timer.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { operatorTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { useUtc } from './options.ts';
import { runAction, UsageError } from './run-action.ts';

interface TapOptions extends TargetOptions {
  readonly uid?: readonly string[];
  readonly event?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly once?: true;
  readonly wide?: true;
  readonly utc?: true;
  readonly json?: true;
}

/**
 * Registers `tap`, which shows the event stream of a running service in a terminal until Ctrl-C.
 */
export function registerTap(program: Command): void {
  withTargetOptions(program.command('tap'))
    .description("show a running service's events as they happen")
    .option('--uid <uid...>', 'only events of these accounts')
    .option('--event <event...>', 'only these events, for example finished failed')
    .option('--since <time>', 'begin with past events: 90s, 10m, 2h, all, or a time such as 2026-03-01T02:00:00Z')
    .option('--until <time>', 'end with the events before that time, written like --since')
    .option('--once', 'end after the past events; without --since, after all of them')
    .option('--wide', 'do not shorten lines')
    .option('--utc', 'times in UTC instead of the local zone')
    .option('--json', 'one JSON object a line')
    .action((options: TapOptions) => runAction(() => tap(options)));
}

/** Selects the events to show. `until`: the end, in milliseconds since 1970. */
interface Wanted {
  readonly uids: readonly string[];
  readonly events: readonly string[];
  readonly since: string;
  readonly until: number;
  readonly follow: boolean;
}

/** How events are printed. */
interface Shown {
  readonly json: true | undefined;
  readonly wide: true | undefined;
}

async function tap({ json, wide, utc, ...options }: TapOptions): Promise<number> {
  const { pastAndLive } = await import('./past-and-live.ts');
  const { counted } = await import('../domain/counted.ts');
  const { visible } = await import('../domain/visible.ts');
  if (utc) useUtc();
  const now = Date.now();
  const wanted = await wantedBy(options, now);
  const address = await operatorTarget(options);
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const ended = wanted.follow && Number.isFinite(wanted.until) ? endAt(wanted.until, ending) : undefined;
  const print = await printer({ json, wide });
  const note = (text: string) => process.stderr.write(`-- ${visible(text)}\n`);

  const config = options.config ?? (options.operator === undefined ? DEFAULT_CONFIG : undefined);
  const how = { config, now, note, signal: ending.signal };
  for await (const followed of pastAndLive(address, { ...wanted, ...how })) {
    switch (followed.kind) {
      case 'event':
        if (Date.parse(followed.event.time) <= wanted.until) print(followed.event);
        break;
      case 'attached':
        if (wanted.follow) note(`listening to ${address}; press Ctrl-C to end`);
        break;
      case 'lost':
        note(`lost the connection to ${address} (${followed.reason}); trying again`);
        break;
      case 'missed':
        note(
          `${counted(followed.events, 'event', ['is', 'are'])} missing here: too old, or this program reads too slowly`,
        );
        break;
    }
  }
  clearTimeout(ended);
  return 0;
}

/** Reads the options. Rejects with a UsageError if one is not valid. */
async function wantedBy(
  { uid = [], event = [], since, until, once }: Omit<TapOptions, 'json' | 'wide' | 'utc'>,
  now: number,
): Promise<Wanted> {
  const { readFilter, readSince } = await import('../operator/event-filter.ts');
  try {
    readFilter({ uid, event });
    const begin = since ?? (once ? 'all' : 'now');
    const from = readSince(begin, now);
    const end = until === undefined ? Number.POSITIVE_INFINITY : readSince(until, now);
    if (from > end && begin !== 'now') throw new RangeError('--until is before --since');
    return { uids: uid, events: event, since: begin, until: end, follow: !once && end > now };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function endAt(time: number, ending: AbortController): NodeJS.Timeout {
  return setTimeout(() => ending.abort(), Math.min(time - Date.now(), LONGEST_TIMER));
}

/** Prints events: as JSON, or for people, with a line for each day that begins. */
async function printer({ json, wide }: Shown): Promise<(event: PublishedEvent) => void> {
  const { renderEvent, renderJson } = await import('../observability/render-event.ts');
  if (json) return (event) => process.stdout.write(`${renderJson(event)}\n`);
  const { wantsColour } = await import('../observability/colour.ts');
  const { localDay, zoneName } = await import('../observability/human-time.ts');
  const colour = wantsColour(process.stdout, process.env);
  let day: string | undefined;
  return (event) => {
    const today = localDay(event.time);
    if (today !== day) process.stdout.write(`-- ${today} ${zoneName(event.time)}\n`);
    day = today;
    const { columns } = process.stdout;
    const width = wide || columns === undefined ? {} : { width: columns };
    process.stdout.write(`${renderEvent(event, { colour, ...width })}\n`);
  };
}
