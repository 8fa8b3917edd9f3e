import type { PublishedEvent } from '../domain/event.ts';
import { type Colour, paint } from './colour.ts';
import { COLOUR_OF, describeEvent } from './describe-event.ts';
import { clockTime } from './human-time.ts';
import { visible, visibleJson } from './visible.ts';

export interface RenderOptions {
  readonly colour: boolean;
  /** The columns of the terminal: a longer line is cut. Default: no limit. */
  readonly width?: number;
}

const COLUMNS = { event: 12, uid: 10, mode: 9, job: 8 } as const;

/**
 * One event as one line for people, without its line end: the time of day, the event, for an
 * account its uid, mode and job in columns, and a description. Text from the directory or a script
 * cannot affect the terminal.
 */
export function renderEvent(event: PublishedEvent, { colour, width }: RenderOptions): string {
  const parts: Parts = {
    time: clockTime(event.time),
    name: event.event.padEnd(COLUMNS.event),
    account: accountColumns(event),
    description: visible(describeEvent(event)),
  };
  const plain = joined([parts.time, parts.name, ...parts.account, parts.description]);
  const excess = width === undefined ? 0 : Math.max(0, plain.length - width);
  return colour
    ? painted(event, { ...parts, description: shortened(parts.description, excess) })
    : shortened(plain, excess);
}

interface Parts {
  readonly time: string;
  readonly name: string;
  /** Empty if the event is not about an account. */
  readonly account: readonly string[];
  readonly description: string;
}

function accountColumns(event: PublishedEvent): readonly string[] {
  if (!('uid' in event) || event.uid === undefined) return [];
  const { uid, mode = '', job = '' } = event;
  return [[column(uid, COLUMNS.uid), column(mode, COLUMNS.mode), column(job, COLUMNS.job)].join(' ')];
}

function painted(event: PublishedEvent, { time, name, account, description }: Parts): string {
  const colour = descriptionColour(event);
  return joined([
    paint(time, 'grey', true),
    paint(name, COLOUR_OF[event.event], true),
    ...account.map((text) => paint(text.slice(0, COLUMNS.uid), 'bold', true) + text.slice(COLUMNS.uid)),
    colour === undefined ? description : paint(description, colour, true),
  ]);
}

/** undefined: the terminal's default colour. */
function descriptionColour(event: PublishedEvent): Colour | undefined {
  if (event.event === 'output') return event.stream === 'stderr' ? 'yellow' : 'grey';
  return event.event === 'failed' || event.event === 'disconnected' ? 'red' : undefined;
}

/** The text without `excess` characters at the end, marked by `…`. */
function shortened(text: string, excess: number): string {
  return excess === 0 ? text : `${text.slice(0, Math.max(0, text.length - excess - 1))}…`;
}

function joined(parts: readonly string[]): string {
  return parts.join('  ').trimEnd();
}

/** One event as one line of JSON, without its line end. */
export function renderJson(event: PublishedEvent): string {
  return visibleJson(JSON.stringify(event));
}

function column(text: string, width: number): string {
  return visible(text).padEnd(width);
}
