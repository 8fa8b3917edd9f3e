import { ResultCode } from '../domain/directory-error.ts';
import { comparableDn } from '../domain/dn.ts';
import type { AccountRef, PublishedEvent } from '../domain/event.ts';
import type { LogLevel } from './log/log-line.ts';
import { OncePerKey } from './once-per-key.ts';

/** What the log is written to: a winston logger is one. */
export interface LogTarget {
  log(entry: { level: LogLevel; message: string; [field: string]: unknown }): unknown;
  /** Whether lines of that level are wanted at all. */
  isLevelEnabled(level: LogLevel): boolean;
}

/** So many failed connections in a row are no hiccup any more: somebody should look. */
const FAILURES_THAT_NEED_A_PERSON = 5;

/** Result codes that pass by themselves. */
const PASSING: ReadonlySet<number> = new Set([ResultCode.busy, ResultCode.unavailable, ResultCode.canceled]);

/**
 * Turns the stream's events into lines of the log. Levels mean something: `info` is an account's story and the service's, one
 * line for each finished account; `warn` mends itself; `error` needs a person, and says what to do. What the periodic list
 * finds again and again is said once, and each cause of an outage once an hour while it lasts.
 */
export function createEventLog(target: LogTarget): (event: PublishedEvent) => void {
  const said = new OncePerKey();
  /** What was said of the outage that goes on. */
  let outage = new OncePerKey();
  let failures = 0;

  const write = (level: LogLevel, message: string, time: string, fields: Readonly<Record<string, unknown>>): void => {
    target.log({ level, message, time, ...fields });
  };
  const detail = ({ time, event, ...fields }: PublishedEvent): void => {
    if (target.isLevelEnabled('debug')) write('debug', event, time, fields);
  };

  return (event) => {
    const { time } = event;
    switch (event.event) {
      case 'connected':
        return write('info', 'connected', time, { url: event.url, protocol: event.protocol, server: event.server });
      case 'refreshed':
        failures = 0;
        outage = new OncePerKey();
        return write('info', 'open accounts listed', time, {
          entries: event.entries,
          milliseconds: event.milliseconds,
        });
      case 'disconnected': {
        failures += 1;
        const { url, reason, remedy } = event;
        const level = needsPerson(event.resultCode, failures) ? 'error' : 'warn';
        if (!outage.isNew(`${hourOf(time)} ${level} ${url}\n${reason}`)) return detail(event);
        return write(level, 'disconnected', time, { url, reason, remedy });
      }
      case 'finished': {
        const { milliseconds, state } = event;
        return write('info', 'account finished', time, { ...account(event), milliseconds, state });
      }
      case 'failed': {
        const { step, returnValue, reason, uid } = event;
        const remedy = `mend the cause, then: prov-backup-rsnapshot retry -c FILE ${uid}`;
        return write('error', 'account failed', time, { ...account(event), step, returnValue, reason, remedy });
      }
      case 'retrying': {
        const { attempt, inMilliseconds, reason, dn, job } = event;
        // While the directory is away each outcome is offered again and again: once tells it. A claim has no job yet.
        if (!said.isNew(`retrying ${job ?? hourOf(time)}\n${comparableDn(dn)}\n${reason}`)) return detail(event);
        const level = needsPerson(event.resultCode, 0) ? 'error' : 'warn';
        return write(level, 'account tried again later', time, { ...account(event), attempt, inMilliseconds, reason });
      }
      case 'superseded':
        return write('warn', 'account superseded by a newer request', time, {
          ...account(event),
          reason: event.reason,
        });
      case 'conflict':
        return write(event.remedy === undefined ? 'warn' : 'error', 'account changed by somebody else', time, {
          ...account(event),
          reason: event.reason,
          remedy: event.remedy,
        });
      case 'resumed':
        return write('warn', 'interrupted account resumed', time, account(event));
      case 'output':
        return write('info', 'script output', time, { ...account(event), stream: event.stream, line: event.line });
      case 'skipped': {
        const { dn, uid, reason, returnValue } = event;
        if (!said.isNew(`skipped ${comparableDn(dn)}\n${reason}\n${returnValue}`)) return detail(event);
        const level = needsPerson(event.resultCode, 0) ? 'error' : 'warn';
        return write(level, 'account skipped', time, { uid, dn, reason, returnValue });
      }
      case 'deferred':
        if (!said.isNew(`deferred ${comparableDn(event.dn)}\n${event.mode}\n${event.until}`)) return detail(event);
        return write('info', 'account deferred', time, { ...account(event), until: event.until });
      case 'waiting':
        if (!said.isNew(`waiting ${comparableDn(event.dn)}\n${event.mode}\n${event.reason}`)) return detail(event);
        return write('info', 'account waits', time, { ...account(event), reason: event.reason });
      case 'draining': {
        const { inWork, queued, graceMilliseconds } = event;
        return write('info', 'draining', time, { inWork, queued, graceMilliseconds });
      }
      case 'stopped':
        return write(event.exitCode === 0 ? 'info' : 'error', 'stopped', time, { exitCode: event.exitCode });
      case 'refreshing':
      case 'reconnecting':
      case 'received':
      case 'queued':
      case 'claimed':
      case 'step':
      case 'left':
        return detail(event);
    }
  };
}

function hourOf(time: string): string {
  return time.slice(0, 13);
}

function account({ uid, mode, job }: AccountRef): Readonly<Record<string, unknown>> {
  return { uid, mode, job };
}

/** A refusal of the directory stays one until somebody changes something; an unreachable directory may be on its way back. */
function needsPerson(resultCode: number | undefined, failures: number): boolean {
  return failures >= FAILURES_THAT_NEED_A_PERSON || (resultCode !== undefined && !PASSING.has(resultCode));
}
