import { visible, visibleJson } from '../../domain/visible.ts';
import type { Colour } from '../colour.ts';
import { paint } from '../colour.ts';

/**
 * The levels of the log, most important first, with their severities in syslog (RFC 5424, table 2).
 */
export const SEVERITY = { error: 3, warn: 4, info: 6, debug: 7 } as const;

export type LogLevel = keyof typeof SEVERITY;

/** One line of the log: a constant message and its key-values. */
export interface LogLine {
  /** RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const COLOUR_OF: Readonly<Record<LogLevel, Colour>> = { error: 'red', warn: 'yellow', info: 'green', debug: 'grey' };

/** `2026-03-01T11:00:00.250+01:00 info  account finished uid=3724300 mode=added`, in local time. */
export function renderText({ time, level, message, fields }: LogLine, colour: boolean): string {
  const stamp = paint(localTime(time), 'grey', colour);
  return `${stamp} ${paint(level.padEnd(5), COLOUR_OF[level], colour)} ${visible(message)}${pairs(fields, colour)}`;
}

/** The same without time and level, for receivers that keep both themselves. */
export function renderMessage({ message, fields }: LogLine): string {
  return `${visible(message)}${pairs(fields, false)}`;
}

/** The line as one JSON object. */
export function renderJsonLine({ time, level, message, fields }: LogLine): string {
  return visibleJson(JSON.stringify({ time, level, message, ...fields }));
}

/**
 * The line for systemd's journal, which keeps the time itself and reads the level from `<N>`
 * (sd-daemon(3)).
 */
export function renderJournal(line: LogLine): string {
  return `<${SEVERITY[line.level]}>${renderMessage(line)}`;
}

function pairs(fields: LogLine['fields'], colour: boolean): string {
  let text = '';
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${paint(`${key}=`, 'grey', colour)}${quotedValue(value)}`;
  }
  return text;
}

function quotedValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[^\s"'=\\]+$/.test(text) ? visible(text) : `"${visible(text).replaceAll('"', '\\"')}"`;
}

/** A time in RFC 3339 with this host's offset. */
function localTime(time: string): string {
  const date = new Date(time);
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${local}${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}
