import * as z from 'zod';
import { identityOf } from '../../streams/accounts/identity.ts';
import { PURPOSES } from '../../streams/turn/steps.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import { RETRIES } from '../domain/job.ts';
import { MODES } from '../domain/mode.ts';

/** A value of an attribute: text, or the bytes of a value that is not UTF-8. */
export type Bytes = string | { readonly base64: string };

/** A time in UTC with a year of four digits, as a record writes it. */
const time = z
  .string()
  .refine(
    (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
    'expected a time such as 2026-03-01T02:00:00.000Z',
  );
const count = z.int().min(0);
/** In milliseconds. */
const duration = z.number();
/** In milliseconds since 1970. */
const moment = z.number();
const name = z.string().min(1);
const mode = z.enum(MODES);

const schedule = z.looseObject({ attempts: count.min(1), initial: duration.min(0), max: duration.min(0) });

const header = z.object({
  time,
  version: z.string(),
  settings: z.object({
    attributes: z.object({
      mode: name,
      state: name,
      date: z.array(name).min(1),
      active: name,
      returnValue: name.nullable(),
      executionTime: name.nullable(),
    }),
    accounts: z.object({ lowestUidNumber: count, homeRoot: z.string().nullable(), homeLayout: z.string() }),
    instances: z.enum(['one', 'several']),
    retry: z.object({ temporary: schedule, script: schedule }),
  }),
});

const record = z.object({
  dn: z.string(),
  entryUUID: z.string().optional(),
  uid: z.string(),
  mode: z.string(),
  state: z.string(),
  date: z.object({ name, value: z.string() }).optional(),
  active: z.boolean().optional(),
  returnValue: z.string().optional(),
  modifiedAt: moment.optional(),
  entryCSN: z.string().optional(),
  modifiedBy: z.string().optional(),
  uidNumber: z.string().optional(),
});

const bytes = z.union([z.string(), z.object({ base64: z.string() })]);
const entry = z
  .object({ dn: z.string(), attributes: z.record(z.string(), z.array(bytes)), unreadable: z.string().optional() })
  .transform(({ dn, attributes, unreadable }): DirectoryEntry => {
    const values = Object.entries(attributes).map(([each, list]) => [each, list.map(bytesOf)] as const);
    return entryOf(dn, Object.fromEntries(values), unreadable);
  });

function bytesOf(given: Bytes): Buffer {
  return typeof given === 'string' ? Buffer.from(given, 'utf8') : Buffer.from(given.base64, 'base64');
}

const error = z
  .object({ message: z.string(), resultCode: z.int().optional(), remedy: z.string().optional() })
  .transform(({ message, resultCode, remedy }) => {
    const code = resultCode === undefined ? {} : { resultCode };
    return new DirectoryError(message, remedy === undefined ? code : { ...code, remedy });
  });

const fence = z.discriminatedUnion('by', [
  z.object({ by: z.literal('version'), entryCSN: z.string() }),
  z.object({ by: z.literal('token'), token: z.string(), restored: z.string() }),
  z.object({ by: z.literal('nothing') }),
]);

const decision = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['claim', 'resume']), mode, reason: z.string() }),
  z.object({ kind: z.literal('defer'), mode, until: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('wait'), mode, reason: z.string(), recheckInMilliseconds: duration.optional() }),
  z.object({ kind: z.literal('failed'), mode, returnValue: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('settled'), reason: z.string() }),
]);

const failed = z.object({ got: z.literal('error'), error });
const passed = z.object({ got: z.literal('time') });

const claimInput = z.discriminatedUnion('got', [
  failed,
  passed,
  z.object({ got: z.literal('entry'), entry: entry.optional() }),
  z.object({
    got: z.literal('judgement'),
    decision,
    isOwnClaim: z.boolean(),
    leased: z.boolean(),
    fencing: z.enum(['version', 'token']),
    token: z.string(),
  }),
  z.object({ got: z.literal('objection'), reason: z.string().optional() }),
  z.object({ got: z.literal('lease'), held: z.boolean(), attempt: count.min(1) }),
]);

const writeBackInput = z.discriminatedUnion('got', [
  failed,
  passed,
  z.object({ got: z.literal('written'), made: z.string().optional() }),
  z.object({
    got: z.literal('standing'),
    entry: entry.optional(),
    askedAgain: z.boolean(),
    mayBeTakenOver: z.boolean(),
  }),
]);

const timings = z.array(z.object({ name: z.string(), milliseconds: duration }));
const outcome = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), timings }),
  z.object({
    ok: z.literal(false),
    timings,
    step: z.string(),
    returnValue: z.int(),
    reason: z.string(),
    retry: z.enum(RETRIES),
    cause: z.string().optional(),
    aborted: z.boolean(),
  }),
]);

const circumstances = z.object({
  today: z.string(),
  othersTimeLeft: z.number(),
  // JSON.stringify writes null for infinity.
  behindTimeLeft: z
    .number()
    .nullable()
    .transform((left) => left ?? Number.POSITIVE_INFINITY),
});

const candidate = z
  .object({
    record,
    fresh: z.boolean(),
    ownWork: z.object({ kind: z.literal('retry'), attempt: count.min(1), lost: count, fence }).optional(),
  })
  .transform((given) => ({ ...given, id: identityOf({ entryUUID: undefined, ...given.record }) }));

const next = z.unknown();
const step = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('decide'),
    purpose: z.enum(PURPOSES),
    record,
    circumstances,
    next,
  }),
  z.object({ step: z.literal('beginClaim'), job: z.string(), candidate, next }),
  z.object({ step: z.literal('stepClaim'), uid: z.string(), input: claimInput, next }),
  z.object({
    step: z.literal('afterHandler'),
    uid: z.string(),
    outcome,
    isOvertaken: z.boolean(),
    hasLapsed: z.boolean(),
    next,
  }),
  z.object({
    step: z.literal('beginWriteBack'),
    uid: z.string(),
    job: z.string(),
    outcome,
    now: z.string(),
    tries: count,
    milliseconds: duration,
    next,
  }),
  z.object({ step: z.literal('stepWriteBack'), uid: z.string(), input: writeBackInput, next }),
  z.object({ step: z.literal('afterRefusal'), uid: z.string(), tries: count, isOvertaken: z.boolean(), next }),
]);

/** The schema of each kind of line. */
export const lineSchemas = {
  header,
  step: z.object({ time }).and(step),
  gap: z.object({ time, gap: count }),
} as const;
