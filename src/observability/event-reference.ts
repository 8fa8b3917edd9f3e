import type { AccountRef, EventName, StreamEvent } from '../domain/event.ts';

type FieldsOf<N extends EventName> = Exclude<keyof Extract<StreamEvent, { event: N }>, 'event' | keyof AccountRef>;

/**
 * What an event says, and its own fields: those in addition to `time`, `event` and the fields of
 * the account.
 */
type Reference = {
  readonly [N in EventName]: { readonly says: string; readonly fields: Readonly<Record<FieldsOf<N>, string>> };
};

/**
 * The description of all events. docs/events.md is generated from it. The type requires every event
 * and every field.
 */
export const EVENT_REFERENCE: Reference = {
  connected: {
    says: 'The subscription is connected to a server of the directory.',
    fields: {
      url: 'the server',
      protocol: '`syncrepl` or `persistentSearch`',
      server: 'what the server says about itself, and why this protocol is used',
    },
  },
  refreshing: { says: 'The list of the open accounts begins.', fields: {} },
  refreshed: {
    says: 'The list of the open accounts is complete; changes follow.',
    fields: { entries: 'the number of open accounts', milliseconds: 'how long it took' },
  },
  disconnected: {
    says: 'The connection has ended, or could not be opened.',
    fields: {
      url: 'the server',
      reason: 'why',
      remedy: 'what to do, if action is needed',
      resultCode: 'the LDAP result code, if the directory sent one',
    },
  },
  reconnecting: {
    says: 'Another attempt to connect follows.',
    fields: { url: 'the server', attempt: 'the number of the attempt', inMilliseconds: 'when it follows' },
  },
  received: {
    says: 'The service has seen an account: a list contains it, or its entry was changed.',
    fields: {
      change: '`add`, `modify`, `rename`, `delete`, or `refresh` and `list` if a list contains it',
      entryUUID: 'the identity of the entry',
      modifiedBy: 'the DN that wrote it last (modifiersName)',
      writtenAt: 'when it was last written, if a list contains it (modifyTimestamp)',
    },
  },
  skipped: {
    says: 'The account is not worked on.',
    fields: {
      reason: 'why',
      returnValue: 'the code of its last attempt, if that failed',
      failedAt: 'when that was written',
      resultCode: 'the LDAP result code, if the directory refuses it',
    },
  },
  deferred: { says: 'The request is for a later day.', fields: { until: 'the day, `YYYYMMDD`' } },
  waiting: { says: 'The account waits for a change, or for time to pass.', fields: { reason: 'what it waits for' } },
  queued: { says: 'The account is due, and waits for a worker.', fields: {} },
  claimed: { says: 'The request was claimed in the directory; its handler begins.', fields: {} },
  resumed: { says: 'An interrupted attempt is resumed.', fields: {} },
  step: {
    says: 'A step of the handler has ended.',
    fields: {
      name: 'the step',
      milliseconds: 'how long it took',
      outcome: '`done`, `failed`, `killed`, `timedOut`, `cancelled` or `interrupted`',
      returnValue: 'its code, if it failed',
    },
  },
  output: {
    says: 'The script printed a line.',
    fields: { stream: '`stdout` or `stderr`', line: 'the line' },
  },
  finished: {
    says: 'The account is finished, and the directory says so.',
    fields: {
      state: 'the state that was written',
      milliseconds: 'from the claim to the end of the handler',
      settledBy: 'the operator who settled it',
    },
  },
  failed: {
    says: 'The attempt failed. Nothing happens until the account is requested again.',
    fields: {
      returnValue: 'the code',
      reason: 'what it means',
      step: 'the step that failed',
      cause: 'the last line that the script printed on stderr, or else on stdout',
      modifiedBy: 'the DN that wrote the request, if this service claimed it',
    },
  },
  retrying: {
    says: 'Another attempt follows.',
    fields: {
      attempt: 'its number',
      inMilliseconds: 'when it follows',
      reason: 'why',
      cause: 'the last line that the script printed on stderr, or else on stdout',
      resultCode: 'the LDAP result code, if the directory refuses',
    },
  },
  superseded: {
    says: 'A newer request was written during the attempt. It is handled next; nothing was overwritten.',
    fields: { reason: 'what the entry says now' },
  },
  conflict: {
    says: 'Another client changed the account; it is read again.',
    fields: {
      reason: 'what happened',
      modifiedBy: 'the DN that wrote it',
      remedy: 'what to do, if action is needed',
    },
  },
  left: {
    says: 'The account is no longer open, or the service no longer sees it.',
    fields: {
      why: '`finished` by another client, `moved` (the service no longer sees it), `deleted` (as far as the service may read), or `unknown`: the entry was not read, because too many left at once',
      modifiedBy: 'the DN that finished it',
      movedTo: 'the DN that it has now',
    },
  },
  paused: {
    says: 'The service starts no new work. Running work continues. The event is repeated when the reason changes.',
    fields: {
      by: '`operator`, `switch` or `brake`',
      holds: '`everything` or `deletes`',
      reason: 'why',
      who: 'the operator, if that is known',
    },
  },
  resumedWork: {
    says: 'A pause is over. Another pause may continue.',
    fields: {
      by: '`operator`, `switch` or `brake`: what paused it',
      milliseconds: 'how long it lasted',
      who: 'the operator who ended it, if that is known',
    },
  },
  reloaded: {
    says: 'The configuration was read again.',
    fields: {
      changed: 'the keys that have other values from now on',
      needRestart: 'the keys whose other values need a restart',
      who: 'the operator, if that is known',
    },
  },
  draining: {
    says: 'A stop was requested. Running scripts may finish.',
    fields: {
      inWork: 'how many accounts are in work',
      queued: 'how many accounts are queued',
      graceMilliseconds: 'how long it waits for the accounts in work',
    },
  },
  stopped: {
    says: 'The last event of a service.',
    fields: { exitCode: 'the exit code of the process', interrupted: 'how many accounts in work were interrupted' },
  },
};
