import * as z from 'zod';
import { ONE_FOLDER_EACH } from '../domain/home-path.ts';

/** Years of four digits, in the one way in which a record writes its times: whatever is added to them stays a time. */
const time = z.string().refine(isTime, 'expected a time such as 2026-03-01T02:00:00.000Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

const zone = z.string().refine(isZone, 'expected a time zone such as Europe/Zurich');

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

const count = z.int().min(0);
const DECADE = 10 * 366 * 86_400_000;
const duration = z.number().min(0).max(DECADE);
const name = z.string().min(1);

const schedule = z.looseObject({ attempts: count.min(1), initial: duration, max: duration });

const settings = z.looseObject({
  attributes: z.looseObject({
    mode: name,
    state: name,
    date: z.array(name).min(1),
    active: name,
    returnValue: name.nullable(),
    executionTime: name.nullable(),
  }),
  accounts: z
    .looseObject({
      lowestUidNumber: count,
      homeRoot: z.string().nullable(),
      // Records of earlier versions have none.
      homeLayout: z.string().default(ONE_FOLDER_EACH),
    })
    .optional(),
  timeZone: zone,
  concurrency: count.min(1).max(1_000),
  instances: z.enum(['one', 'several']),
  retry: z.looseObject({ temporary: schedule, script: schedule }),
  longestHandlerMilliseconds: duration,
  behindAfterMilliseconds: duration,
  dryRun: z.boolean(),
});

const entry = z.looseObject({
  dn: z.string(),
  attributes: z.record(z.string(), z.array(z.union([z.string(), z.looseObject({ base64: z.string() })]))),
  unreadable: z.string().optional(),
});

const change = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('connected'),
    url: z.string(),
    protocol: z.enum(['syncrepl', 'persistentSearch']),
    server: z.string(),
    fencing: z.enum(['version', 'token']),
  }),
  z.looseObject({ kind: z.enum(['refreshing', 'listing']) }),
  z.looseObject({
    kind: z.literal('entry'),
    change: z.enum(['refresh', 'list', 'add', 'modify', 'delete', 'rename']),
    entry,
    previousDn: z.string().optional(),
  }),
  z.looseObject({ kind: z.literal('left'), dn: z.string(), entryUUID: z.string().optional() }),
  z.looseObject({
    kind: z.enum(['refreshed', 'listed']),
    entries: count,
    milliseconds: duration,
    directoryTime: z.number().min(0).max(LAST_TIME).optional(),
  }),
  z.looseObject({
    kind: z.literal('disconnected'),
    url: z.string(),
    reason: z.string(),
    remedy: z.string().optional(),
    resultCode: z.int().optional(),
  }),
  z.looseObject({ kind: z.literal('reconnecting'), url: z.string(), attempt: count, inMilliseconds: duration }),
]);

const answer = z.looseObject({
  operation: z.enum(['modify', 'read', 'find', 'host']),
  target: z.string(),
  token: z.string().optional(),
  entry: entry.optional(),
  error: z.looseObject({ message: z.string(), resultCode: z.int().optional() }).optional(),
});

const timings = z.array(z.looseObject({ name: z.string(), milliseconds: duration }));
const outcome = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true), timings }),
  z.looseObject({
    ok: z.literal(false),
    timings,
    step: z.string(),
    returnValue: z.int(),
    reason: z.string(),
    retry: z.enum(['temporary', 'script', 'lost', 'shortage', 'permanent']),
    aborted: z.boolean(),
  }),
]);

/** Those of other versions pass, as they decide nothing. */
const event = z.looseObject({
  time,
  event: z.string(),
  uid: z.string().optional(),
  dn: z.string().optional(),
  mode: z.string().optional(),
  until: z.string().optional(),
  reason: z.string().optional(),
  returnValue: z.int().optional(),
});

/** What the lines of a record must be like. What else is in them is left alone. */
export const lineSchemas = {
  header: z.looseObject({ time, version: z.string(), settings, continued: z.boolean().optional() }),
  event: z.looseObject({ event }),
  change: z.looseObject({ time, change }),
  answer: z.looseObject({ time, answer }),
  outcome: z.looseObject({ time, uid: z.string(), outcome }),
  gap: z.looseObject({ time, gap: count }),
} as const;
