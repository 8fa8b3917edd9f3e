import { needsOperator } from '../domain/directory-error.ts';
import { comparableDn } from '../domain/dn.ts';
import type { AccountRef, EventName, PublishedEvent } from '../domain/event.ts';
import type { LogLevel } from './log/log-line.ts';
import { OncePerKey } from './once-per-key.ts';

/** The target of log lines. A winston logger is one. */
export interface LogTarget {
  log(entry: { level: LogLevel; message: string; [field: string]: unknown }): unknown;
  /** Whether lines of this level are written at all. */
  isLevelEnabled(level: LogLevel): boolean;
}

/** After this number of consecutive failed connections an outage is logged as an `error`. */
const FAILURES_UNTIL_ERROR = 5;

/**
 * Returns a listener that turns the stream's events into lines of the log. `info` reports the
 * progress of the service, with one line for each finished account. `warn` needs no action. `error`
 * needs an operator, and says what to do. A message that the periodic list would repeat is logged
 * once. The cause of an outage is logged once an hour.
 */
export function createEventLog(target: LogTarget): (event: PublishedEvent) => void {
  const logged = new LoggedMessages();
  return (published) => {
    const line = lineOf(published, logged);
    if (line !== undefined) {
      const { level, message, fields } = line;
      target.log({ level, message, time: published.time, ...fields });
    } else if (target.isLevelEnabled('debug')) {
      const { time, event, ...fields } = published;
      target.log({ level: 'debug', message: event, time, ...fields });
    }
  };
}

/**
 * The messages that were logged, so that they are not repeated.
 *
 * States: connected -> outage (`connectionFailed`, for each failure) -> connected (`refreshed`).
 */
class LoggedMessages {
  readonly #aboutAccounts = new OncePerKey();
  #aboutOutage = new OncePerKey();
  #failures = 0;

  /** Counts a failed connection. Returns the number of failures in a row. */
  connectionFailed(): number {
    this.#failures += 1;
    return this.#failures;
  }

  refreshed(): void {
    this.#failures = 0;
    this.#aboutOutage = new OncePerKey();
  }

  isNewForOutage(...what: readonly unknown[]): boolean {
    return this.#aboutOutage.isNew(what.join('\n'));
  }

  isNewForAccount({ event, dn }: { readonly event: EventName; readonly dn: string }, ...what: unknown[]): boolean {
    return this.#aboutAccounts.isNew([event, comparableDn(dn), ...what].join('\n'));
  }
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The published event with the name `N`. */
type EventNamed<N extends EventName> = Extract<PublishedEvent, { readonly event: N }>;

/** The log line for an event; undefined if the event is only a detail, or a repetition. */
function lineOf(event: PublishedEvent, logged: LoggedMessages): Line | undefined {
  switch (event.event) {
    case 'connected':
      return info('connected', { url: event.url, protocol: event.protocol, server: event.server });
    case 'refreshed':
      logged.refreshed();
      return info('open accounts listed', { entries: event.entries, milliseconds: event.milliseconds });
    case 'disconnected':
      return disconnected(event, logged);
    case 'finished':
      return info('account finished', {
        ...account(event),
        milliseconds: event.milliseconds,
        state: event.state,
        settledBy: event.settledBy,
      });
    case 'failed':
      return failed(event);
    case 'retrying':
      return retrying(event, logged);
    case 'superseded':
      return warn('account superseded by a newer request', { ...account(event), reason: event.reason });
    case 'conflict':
      return conflict(event);
    case 'resumed':
      return warn('interrupted account resumed', account(event));
    case 'output':
      return info('script output', { ...account(event), stream: event.stream, line: event.line });
    case 'skipped':
      return skipped(event, logged);
    case 'deferred':
      if (!logged.isNewForAccount(event, event.mode, event.until)) return undefined;
      return info('account deferred', { ...account(event), until: event.until });
    case 'waiting':
      if (!logged.isNewForAccount(event, event.mode, event.reason)) return undefined;
      return info('account waits', { ...account(event), reason: event.reason });
    case 'paused': {
      const { by, who, holds, reason } = event;
      return warn('paused', { by, who, holds, reason });
    }
    case 'resumedWork': {
      const { by, who, milliseconds } = event;
      return info('pause over', { by, who, milliseconds });
    }
    case 'reloaded': {
      const { changed, needRestart, who } = event;
      return info('configuration reloaded', { changed, needRestart, who });
    }
    case 'draining': {
      const { inWork, queued, graceMilliseconds } = event;
      return info('draining', { inWork, queued, graceMilliseconds });
    }
    case 'stopped':
      return stopped(event);
    case 'refreshing':
    case 'reconnecting':
    case 'received':
    case 'queued':
    case 'claimed':
    case 'step':
    case 'left':
      return undefined;
  }
}

function stopped({ exitCode, interrupted }: EventNamed<'stopped'>): Line {
  const fields = {
    exitCode,
    ...(interrupted === 0 ? {} : { interrupted, remedy: 'the interrupted accounts are resumed at the next start' }),
  };
  return line(exitCode === 0 ? 'info' : 'error', 'stopped', fields);
}

function disconnected(
  { time, url, reason, remedy, resultCode }: EventNamed<'disconnected'>,
  logged: LoggedMessages,
): Line | undefined {
  const isOutage = logged.connectionFailed() >= FAILURES_UNTIL_ERROR;
  const level = isOutage || needsOperator(resultCode) ? 'error' : 'warn';
  if (!logged.isNewForOutage(hourOf(time), level, url, reason)) return undefined;
  return line(level, 'disconnected', { url, reason, remedy });
}

function failed(event: EventNamed<'failed'>): Line {
  const { step, returnValue, reason, cause, uid, modifiedBy } = event;
  const remedy = `fix the cause, then run: prov-backup-rsnapshot retry -c FILE ${uid}`;
  return line('error', 'account failed', { ...account(event), step, returnValue, cause, reason, modifiedBy, remedy });
}

function retrying(event: EventNamed<'retrying'>, logged: LoggedMessages): Line | undefined {
  const { time, job, attempt, inMilliseconds, reason, cause, resultCode } = event;
  // While the directory is unreachable, each write-back is tried many times: log that once for each
  // job. A claim has no job yet, so it is logged once an hour.
  if (!logged.isNewForAccount(event, job ?? hourOf(time), reason)) return undefined;
  const level = needsOperator(resultCode) ? 'error' : 'warn';
  return line(level, 'account tried again later', { ...account(event), attempt, inMilliseconds, reason, cause });
}

function conflict(event: EventNamed<'conflict'>): Line {
  const { reason, remedy } = event;
  const level = remedy === undefined ? 'warn' : 'error';
  return line(level, 'account changed by somebody else', { ...account(event), reason, remedy });
}

function skipped(event: EventNamed<'skipped'>, logged: LoggedMessages): Line | undefined {
  const { dn, uid, reason, returnValue, resultCode } = event;
  if (!logged.isNewForAccount(event, reason, returnValue)) return undefined;
  return line(needsOperator(resultCode) ? 'error' : 'warn', 'account skipped', { uid, dn, reason, returnValue });
}

function line(level: LogLevel, message: string, fields: Line['fields']): Line {
  return { level, message, fields };
}

function info(message: string, fields: Line['fields']): Line {
  return line('info', message, fields);
}

function warn(message: string, fields: Line['fields']): Line {
  return line('warn', message, fields);
}

function hourOf(time: string): string {
  return time.slice(0, 13);
}

function account({ uid, mode, job }: AccountRef): Line['fields'] {
  return { uid, mode, job };
}
