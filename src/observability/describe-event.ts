import type { StreamEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { returnCodeName } from '../domain/return-code.ts';
import type { Colour } from './colour.ts';
import { humanDuration, readableStamp } from './human-time.ts';

/** The colour of an event. green: success; yellow: needs no action; red: needs an operator. */
export const COLOUR_OF: Readonly<Record<StreamEvent['event'], Colour>> = {
  connected: 'green',
  refreshing: 'cyan',
  refreshed: 'cyan',
  disconnected: 'red',
  reconnecting: 'yellow',
  received: 'blue',
  skipped: 'yellow',
  deferred: 'magenta',
  waiting: 'magenta',
  queued: 'blue',
  claimed: 'cyan',
  resumed: 'yellow',
  step: 'cyan',
  output: 'grey',
  finished: 'green',
  failed: 'red',
  retrying: 'yellow',
  superseded: 'yellow',
  conflict: 'yellow',
  left: 'grey',
  draining: 'yellow',
  stopped: 'yellow',
};

/**
 * The details of an event in words, without its name, uid, mode and job. May hold control
 * characters.
 */
export function describeEvent(event: StreamEvent): string {
  switch (event.event) {
    case 'connected':
      return `to ${event.url} by ${event.protocol === 'syncrepl' ? 'syncrepl' : 'persistent search'}, ${event.server}`;
    case 'refreshing':
      return 'listing the open accounts';
    case 'refreshed':
      return `${count(event.entries, 'open account')} listed in ${humanDuration(event.milliseconds)}`;
    case 'disconnected':
      return joined([`from ${event.url}: ${withoutUrl(event.reason, event.url)}`, event.remedy]);
    case 'reconnecting':
      return `to ${event.url} in ${humanDuration(event.inMilliseconds)} (try ${event.attempt})`;
    case 'received':
      return received(event);
    case 'skipped':
      return joined([event.uid === undefined ? `${event.dn}: ${event.reason}` : event.reason, earlierFailure(event)]);
    case 'deferred':
      return `until ${readableStamp(event.until)}`;
    case 'waiting':
      return event.reason;
    case 'queued':
      return 'for a free place';
    case 'claimed':
      return 'the work begins';
    case 'resumed':
      return 'an interrupted attempt is taken up again';
    case 'step':
      return `${event.name} done in ${humanDuration(event.milliseconds)}`;
    case 'output':
      return `${event.stream === 'stderr' ? '!' : '|'} ${event.line}`;
    case 'finished':
      return `in ${humanDuration(event.milliseconds)}, state ${readableStamp(event.state)}`;
    case 'failed':
      return `in step ${event.step} with code ${event.returnValue}: ${event.reason}${lastWords(event.cause)}`;
    case 'retrying':
      return `in ${humanDuration(event.inMilliseconds)} (attempt ${event.attempt}): ${event.reason}${lastWords(event.cause)}`;
    case 'superseded':
      return event.reason;
    case 'conflict':
      return joined([event.reason, event.remedy]);
    case 'left':
      return event.uid === undefined ? `${event.dn} is no longer an open account` : 'is no longer an open account';
    case 'draining':
      return `${event.inWork} in work, ${event.queued} queued; at most ${humanDuration(event.graceMilliseconds)}`;
    case 'stopped':
      return `with exit code ${event.exitCode}`;
  }
}

/** `code 5 CANNOT_CREATE_HOME_DIR`; only the number if it is the site's own code. */
export function namedCode(code: number): string {
  const name = returnCodeName(code);
  return name === undefined ? `code ${code}` : `code ${code} ${name}`;
}

/** The reason without the URL at its beginning, as the URL is shown beside it. */
export function withoutUrl(reason: string, url: string | undefined): string {
  return reason.startsWith(`${url}: `) ? reason.slice(`${url}: `.length) : reason;
}

/** `changed by cn=..., asks for modify`. A refresh or a list may show a change that is old. */
function received({ change, mode, modifiedBy }: Extract<StreamEvent, { event: 'received' }>): string {
  const listed = change === 'refresh' || change === 'list' ? 'listed, ' : '';
  const by = modifiedBy === undefined ? '' : ` by ${modifiedBy}`;
  return `${listed}changed${by}, ${standing(mode)}`;
}

/** What an entry says with this mode. */
function standing(mode: string): string {
  const reading = readMode(mode);
  if (reading?.phase === 'requested') return `asks for ${reading.mode}`;
  return reading?.phase === 'finished' ? `is ${mode}` : 'is in work';
}

function lastWords(cause: string | undefined): string {
  return cause === undefined ? '' : `; its last words: ${cause}`;
}

function earlierFailure(event: Extract<StreamEvent, { event: 'skipped' }>): string | undefined {
  if (event.returnValue === undefined) return undefined;
  const when = event.failedAt === undefined ? '' : ` at ${event.failedAt}`;
  return `it ended with ${namedCode(event.returnValue)}${when}`;
}

function joined(parts: ReadonlyArray<string | undefined>): string {
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
