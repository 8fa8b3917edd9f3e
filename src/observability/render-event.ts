import type { PublishedEvent } from '../domain/event.ts';
import { visible, visibleJson } from '../domain/visible.ts';
import { type Colour, paint } from './colour.ts';
import { COLOUR_OF, describeEvent } from './describe-event.ts';
import { clockTime } from './human-time.ts';
import { wrap } from './wrap.ts';

export interface RenderOptions {
  readonly colour: boolean;
  /**
   * The number of columns of the terminal. Longer text continues below its column, and a narrow
   * terminal gets narrow columns. Default: one line of any length.
   */
  readonly width?: number;
}

interface Columns {
  readonly event: number;
  readonly uid: number;
  readonly mode: number;
  /** 0: the job is not shown. */
  readonly job: number;
  /** The text between two columns. */
  readonly gap: string;
  readonly time: (time: string) => string;
}

const WIDE: Columns = { event: 12, uid: 10, mode: 9, job: 8, gap: '  ', time: clockTime };
/** Without milliseconds and job, half of a usual terminal is left for the description. */
const NARROW: Columns = { event: 12, uid: 8, mode: 9, job: 0, gap: ' ', time: (time) => clockTime(time).slice(0, 8) };

/** The number of columns that the wide form needs. */
const ROOM_FOR_WIDE = 120;
/** The fewest columns in which a description is wrapped. */
const NARROWEST = 16;

/**
 * One event as text for people, without a line break at its end. It has the time of day and the
 * event, then for an account the uid, mode and job in columns, and then a description. Text from
 * the directory or a script cannot affect the terminal.
 */
export function renderEvent(event: PublishedEvent, { colour, width }: RenderOptions): string {
  const columns = width !== undefined && width < ROOM_FOR_WIDE ? NARROW : WIDE;
  const name = event.event.padEnd(columns.event);
  const account = accountColumns(event, columns);
  const before = [columns.time(event.time), name, ...account];
  const indent = before.join(columns.gap).length + columns.gap.length;
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, width - indent);
  const description = wrap(visible(describeEvent(event)), room);
  if (!colour) return joined(before, description, indent, columns);
  const [time = ''] = before;
  const ink = descriptionColour(event);
  return joined(
    [
      paint(time, 'grey', true),
      paint(name, COLOUR_OF[event.event], true),
      ...account.map((text) => paint(text.slice(0, columns.uid), 'bold', true) + text.slice(columns.uid)),
    ],
    ink === undefined ? description : description.map((line) => paint(line, ink, true)),
    indent,
    columns,
  );
}

function joined(before: readonly string[], description: readonly string[], indent: number, { gap }: Columns): string {
  const [first = '', ...others] = description;
  return [[...before, first].join(gap).trimEnd(), ...others.map((line) => ' '.repeat(indent) + line)].join('\n');
}

function accountColumns(event: PublishedEvent, columns: Columns): readonly string[] {
  if (!('uid' in event) || event.uid === undefined) return [];
  const { uid, mode = '', job = '' } = event;
  const shown = [column(uid, columns.uid), column(mode, columns.mode)];
  return [(columns.job === 0 ? shown : [...shown, column(job, columns.job)]).join(' ')];
}

/** undefined: the terminal's default colour. */
function descriptionColour(event: PublishedEvent): Colour | undefined {
  if (event.event === 'output') return event.stream === 'stderr' ? 'yellow' : 'grey';
  return event.event === 'failed' || event.event === 'disconnected' ? 'red' : undefined;
}

/** One event as one line of JSON, without a line break at its end. */
export function renderJson(event: PublishedEvent): string {
  return visibleJson(JSON.stringify(event));
}

function column(text: string, width: number): string {
  return visible(text).padEnd(width);
}
