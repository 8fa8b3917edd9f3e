import * as z from 'zod';
import { EVENT_NAMES, type StreamEvent } from '../domain/event.ts';

const text = z.string();
const number = z.number();
const texts = z.array(text);
const time = text.refine((given) => !Number.isNaN(Date.parse(given)));

const account = { uid: text, dn: text, mode: text, since: time.optional() };
const listOf = <T extends z.ZodRawShape>(fields: T) => z.array(z.looseObject({ ...account, ...fields }));

const leases = z.array(
  z.looseObject({
    uid: text,
    holder: text,
    is: z.enum(['held', 'paused']),
    unchangedMilliseconds: number.optional(),
  }),
);

const leasesSchema = z.looseObject({
  holder: text,
  held: number,
  paused: number,
  oldestRenewalMilliseconds: number.optional(),
  own: leases,
  others: leases,
  services: z.array(
    z.looseObject({
      holder: text,
      state: z.enum(['present', 'silent', 'absent']),
      unchangedMilliseconds: number.optional(),
      waitedFor: number,
    }),
  ),
});

const notify = z.looseObject({
  receivers: z.array(
    z.looseObject({
      receiver: z.enum(['mail', 'webhook']),
      target: text,
      sent: number,
      failed: number,
      lost: number,
      queued: number,
      failure: text.optional(),
    }),
  ),
  held: number,
});

/**
 * The parts of the response of `/status` that the commands show. The response is checked because
 * the server at an address may be another program.
 */
export const snapshotSchema = z.looseObject({
  time,
  startedAt: time,
  version: text,
  ready: z.boolean(),
  connection: z.looseObject({
    phase: z.enum(['starting', 'refreshing', 'live', 'reconnecting', 'draining', 'stopped']),
    since: time.optional(),
    url: text.optional(),
    protocol: text.optional(),
    server: text.optional(),
    refreshedAt: time.optional(),
    refreshedEntries: number.optional(),
    refreshMilliseconds: number.optional(),
    reason: text.optional(),
    remedy: text.optional(),
    attempt: number.optional(),
  }),
  pauses: z.array(
    z.looseObject({
      by: z.enum(['operator', 'switch', 'brake']),
      holds: z.enum(['everything', 'deletes']),
      reason: text,
      since: time,
      who: text.optional(),
    }),
  ),
  counts: z.looseObject({
    open: number,
    queued: number,
    inWork: number,
    retrying: number,
    failed: number,
    deferred: number,
    waiting: number,
  }),
  leases: leasesSchema.optional(),
  notify: notify.optional(),
  canary: z
    .looseObject({
      dn: text,
      late: z.boolean(),
      answeredAt: time.optional(),
      milliseconds: number.optional(),
      failure: text.optional(),
    })
    .optional(),
  outlets: z.array(
    z.looseObject({
      outlet: z.enum(['log file', 'syslog', 'journal']),
      where: text,
      lost: number,
      failure: text.optional(),
      freeBytes: number.optional(),
    }),
  ),
  slots: number,
  busy: number,
  stuck: number,
  oldest: z.record(text, time),
  attempts: z.array(z.looseObject({ mode: text, attempts: number, p50: number, p95: number })),
  failures: z.array(
    z.looseObject({
      returnValue: number,
      step: text.optional(),
      cause: text.optional(),
      count: number,
      first: time.optional(),
      last: time.optional(),
      uids: z.array(text),
    }),
  ),
  queued: listOf({}),
  inWork: listOf({
    job: text.optional(),
    doing: z.enum(['claiming', 'working', 'writing']),
    attempt: number,
    resumed: z.boolean(),
    begunAt: time,
    step: text.optional(),
    stepSince: time.optional(),
    stuck: z.boolean(),
  }),
  failed: listOf({
    returnValue: number,
    step: text.optional(),
    reason: text,
    cause: text.optional(),
    modifiedBy: text.optional(),
  }),
  retrying: listOf({ attempt: number, reason: text, dueAt: time }),
  deferred: listOf({ until: text }),
  waiting: listOf({ reason: text }),
  rates: z.array(
    z.looseObject({ minutes: number, received: number, claimed: number, finished: number, failed: number }),
  ),
});

type FieldsOf<Event> = Event extends StreamEvent ? Exclude<keyof Event, 'event'> : never;

/** The type of each field of any event. */
const fields: Readonly<Record<FieldsOf<StreamEvent>, typeof text | typeof number | typeof texts>> = {
  ...{ changed: texts, needRestart: texts },
  ...{
    uid: text,
    dn: text,
    mode: text,
    job: text,
    entryUUID: text,
    change: text,
    modifiedBy: text,
    movedTo: text,
    why: text,
  },
  ...{
    url: text,
    protocol: text,
    server: text,
    reason: text,
    remedy: text,
    failedAt: text,
    until: text,
    writtenAt: text,
  },
  ...{ by: text, who: text, holds: text, settledBy: text },
  ...{ name: text, stream: text, line: text, state: text, step: text, cause: text, outcome: text },
  ...{ entries: number, milliseconds: number, resultCode: number, attempt: number, inMilliseconds: number },
  ...{
    returnValue: number,
    inWork: number,
    queued: number,
    graceMilliseconds: number,
    exitCode: number,
    interrupted: number,
  },
};

/** The fields of an event of `/events`. `describeEvent` checks which fields each event needs. */
export const eventSchema = z.looseObject({ ...z.object(fields).partial().shape, time, event: z.enum(EVENT_NAMES) });
