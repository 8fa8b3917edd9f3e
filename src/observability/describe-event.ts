import { counted } from '../domain/counted.ts';
import type { StepEnd, StreamEvent, WhyLeft } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { heldWords, pausedBy } from '../domain/pause.ts';
import { returnCodeName } from '../domain/return-code.ts';
import type { Colour } from './colour.ts';
import { fullTime, humanDuration, readableStamp } from './human-time.ts';

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
  paused: 'red',
  resumedWork: 'green',
  reloaded: 'cyan',
  draining: 'yellow',
  stopped: 'yellow',
};

/**
 * The details of an event in words, without its name, uid, mode and job. The text may contain
 * control characters.
 */
export function describeEvent(event: StreamEvent): string {
  switch (event.event) {
    case 'connected':
      return `to ${event.url} by ${event.protocol === 'syncrepl' ? 'syncrepl' : 'persistent search'}, ${event.server}`;
    case 'refreshing':
      return 'listing the open accounts';
    case 'refreshed':
      return `${counted(event.entries, 'open account')} listed in ${humanDuration(event.milliseconds)}`;
    case 'disconnected':
      return joined([`from ${event.url}: ${withoutUrl(event.reason, event.url)}`, event.remedy]);
    case 'reconnecting':
      return `to ${event.url} in ${humanDuration(event.inMilliseconds)} (try ${event.attempt})`;
    case 'paused':
      return `${pausedBy(event)}, so ${heldWords(event)}: ${event.reason}`;
    case 'resumedWork':
      return `${resumedWords(event)} after ${humanDuration(event.milliseconds)}`;
    case 'reloaded':
      return reloadedWords(event);
    case 'draining':
      return `${event.inWork} in work, ${event.queued} queued; at most ${humanDuration(event.graceMilliseconds)}`;
    case 'stopped':
      return event.interrupted === 0
        ? `with exit code ${event.exitCode}`
        : `with exit code ${event.exitCode}; ${counted(event.interrupted, 'account')} interrupted, resumed at the next start`;
    default:
      return describeAccountEvent(event);
  }
}

/** An event about the service, not about an account. */
type ServiceEvent = Extract<
  StreamEvent,
  {
    event:
      | 'connected'
      | 'refreshing'
      | 'refreshed'
      | 'disconnected'
      | 'reconnecting'
      | 'paused'
      | 'resumedWork'
      | 'reloaded'
      | 'draining'
      | 'stopped';
  }
>;

/** As `describeEvent`, for an event about an account. */
export function describeAccountEvent(event: Exclude<StreamEvent, ServiceEvent>): string {
  switch (event.event) {
    case 'received':
      return receivedWords(event);
    case 'skipped':
      return joined([event.uid === undefined ? `${event.dn}: ${event.reason}` : event.reason, earlierFailure(event)]);
    case 'deferred':
      return `until ${readableStamp(event.until)}`;
    case 'waiting':
      return event.reason;
    case 'queued':
      return 'for a worker';
    case 'claimed':
      return 'the work begins';
    case 'resumed':
      return 'an interrupted attempt is resumed';
    case 'step':
      return stepWords(event);
    case 'output':
      return `${event.stream === 'stderr' ? '!' : '|'} ${event.line}`;
    case 'finished':
      return event.settledBy === undefined
        ? `in ${humanDuration(event.milliseconds)}`
        : `settled by ${event.settledBy}`;
    case 'failed':
      return joined([failureWords(event), event.reason, requestedBy(event)]);
    case 'retrying':
      return `in ${humanDuration(event.inMilliseconds)} (attempt ${event.attempt}): ${event.reason}${lastWords(event.cause)}`;
    case 'superseded':
      return event.reason;
    case 'conflict':
      return joined([event.reason, event.remedy]);
    case 'left':
      return leftWords(event);
  }
}

const HOW_RECEIVED: Readonly<Record<string, string>> = {
  refresh: 'listed as open',
  list: 'found by the periodic list',
  add: 'added, or matches the filter now',
  modify: 'changed',
  rename: 'renamed',
  delete: 'removed',
};

function receivedWords({ change, mode, modifiedBy }: Extract<StreamEvent, { event: 'received' }>): string {
  const how = HOW_RECEIVED[change] ?? change;
  const wasChanged = change === 'modify' || change === 'rename';
  const by = modifiedBy === undefined ? '' : `${wasChanged ? '' : ', changed'} by ${modifiedBy}`;
  return `${how}${by}, ${readMode(mode)?.phase === 'requested' ? 'requests' : 'is'} ${mode}`;
}

/** `changed: script.timeout; a restart is needed for directory.url`. */
function reloadedWords({ changed, needRestart, who }: Extract<StreamEvent, { event: 'reloaded' }>): string {
  const what = changed.length === 0 ? 'nothing has changed' : `changed: ${changed.join(', ')}`;
  const rest = needRestart.length === 0 ? undefined : `a restart is needed for ${needRestart.join(', ')}`;
  return joined([`${who === undefined ? '' : `by ${who}: `}${what}`, rest]);
}

/** `by alice: the pause by the switch is over`. */
function resumedWords({ by, who }: Extract<StreamEvent, { event: 'resumedWork' }>): string {
  return `${who === undefined ? '' : `by ${who}: `}the pause ${pausedBy({ by })} is over`;
}

type LeftEvent = Extract<StreamEvent, { event: 'left' }>;

const LEFT: Readonly<Record<WhyLeft, (event: LeftEvent) => string>> = {
  finished: ({ mode, modifiedBy = 'another client' }) =>
    `was finished${mode === undefined ? '' : ` as ${mode}`} by ${modifiedBy}`,
  moved: ({ movedTo }) =>
    movedTo === undefined
      ? 'is no longer seen: it has another mode, or does not match directory.filter'
      : `is no longer seen: it is ${movedTo} now`,
  deleted: () => 'was deleted, or moved to where the service may not read',
  unknown: () => 'is no longer an open account',
};

/** A journal may contain events of an earlier version, in which the field `why` is missing. */
function leftWords(event: LeftEvent): string {
  const words = (LEFT[event.why] ?? LEFT.unknown)(event);
  return event.uid === undefined ? `${event.dn} ${words}` : words;
}

/** `requested by cn=admin,dc=example,dc=org`; undefined if that is not known. */
export function requestedBy({ modifiedBy }: { readonly modifiedBy?: string }): string | undefined {
  return modifiedBy === undefined ? undefined : `requested by ${modifiedBy}`;
}

/** `script failed (6) in 1.1 s`. */
export function stepWords({
  name,
  milliseconds,
  ...end
}: StepEnd & { readonly name: string; readonly milliseconds: number }): string {
  return `${name} ${stepEnd(end)} ${humanDuration(milliseconds)}`;
}

function stepEnd({ outcome, returnValue }: StepEnd): string {
  switch (outcome) {
    case 'done':
      return 'done in';
    case 'failed':
      return returnValue === undefined ? 'failed in' : `failed (${returnValue}) in`;
    case 'killed':
      return 'killed after';
    case 'timedOut':
      return 'ended at its time limit after';
    case 'interrupted':
      return 'interrupted after';
    case 'cancelled':
      return 'cancelled after';
  }
}

/** The essentials of a failure: `code 6 in script: "no space left"`. */
function failureWords({ returnValue, step, cause }: FailureWords): string {
  const where = step === undefined || step === '' ? '' : ` in ${step}`;
  return `code ${returnValue}${where}${cause === undefined ? '' : `: "${cause}"`}`;
}

interface FailureWords {
  readonly returnValue: number;
  readonly step?: string;
  readonly cause?: string;
}

/**
 * `code 5 CANNOT_CREATE_HOME_DIR`. A code of the site's own has no name, so only the number is
 * shown.
 */
export function namedCode(code: number): string {
  const name = returnCodeName(code);
  return name === undefined ? `code ${code}` : `code ${code} ${name}`;
}

/** The reason without the URL at its beginning, because the URL is shown next to it. */
export function withoutUrl(reason: string, url: string | undefined): string {
  return reason.startsWith(`${url}: `) ? reason.slice(`${url}: `.length) : reason;
}

function lastWords(cause: string | undefined): string {
  return cause === undefined ? '' : `; its last words: ${cause}`;
}

function earlierFailure(event: Extract<StreamEvent, { event: 'skipped' }>): string | undefined {
  if (event.returnValue === undefined) return undefined;
  const when = event.failedAt === undefined ? '' : ` at ${fullTime(event.failedAt)}`;
  return `it ended with ${namedCode(event.returnValue)}${when}`;
}

function joined(parts: ReadonlyArray<string | undefined>): string {
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}
