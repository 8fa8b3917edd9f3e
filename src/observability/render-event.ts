import type { PublishedEvent } from '../domain/event.ts';
import { paint } from './colour.ts';
import { clockTime } from './human-time.ts';
import { COLOUR_OF, tellEvent } from './tell-event.ts';
import { visible, visibleJson } from './visible.ts';

export interface RenderOptions {
  readonly colour: boolean;
  /** Columns of the terminal: a longer line is cut there. Default: never cut. */
  readonly width?: number;
}

const COLUMNS = { event: 12, uid: 10, mode: 9, job: 8 } as const;

/**
 * One event for a person's eyes: always one line without its line end. Time of day, event, and for an account uid, mode and
 * job in columns; then what happened, in words. Whatever the directory or a script put into it is harmless to a terminal.
 */
export function renderEvent(event: PublishedEvent, { colour, width }: RenderOptions): string {
  const uid = 'uid' in event ? event.uid : undefined;
  const mode = 'mode' in event ? event.mode : undefined;
  const job = 'job' in event ? event.job : undefined;
  const time = clockTime(event.time);
  const name = event.event.padEnd(COLUMNS.event);
  const account =
    uid === undefined
      ? ''
      : [column(uid, COLUMNS.uid), column(mode ?? '', COLUMNS.mode), column(job ?? '', COLUMNS.job)].join(' ');
  const words = visible(tellEvent(event));

  const plain = [time, name, ...(account === '' ? [] : [account]), words].join('  ').trimEnd();
  const cut = width !== undefined && plain.length > width;
  if (!colour) return cut ? `${plain.slice(0, Math.max(0, width - 1))}…` : plain;

  const room = width === undefined ? words.length : words.length - (plain.length - width);
  const shown = cut ? `${words.slice(0, Math.max(0, room - 1))}…` : words;
  const bad = event.event === 'failed' || event.event === 'disconnected';
  return [
    paint(time, 'grey', true),
    paint(name, COLOUR_OF[event.event], true),
    ...(account === '' ? [] : [paint(account.slice(0, COLUMNS.uid), 'bold', true) + account.slice(COLUMNS.uid)]),
    event.event === 'output'
      ? paint(shown, event.stream === 'stderr' ? 'yellow' : 'grey', true)
      : shown && paint(shown, bad ? 'red' : 'grey', bad),
  ]
    .join('  ')
    .trimEnd();
}

/** One event as one line of JSON without its line end. */
export function renderJson(event: PublishedEvent): string {
  return visibleJson(JSON.stringify(event));
}

function column(text: string, width: number): string {
  return visible(text).padEnd(width);
}
