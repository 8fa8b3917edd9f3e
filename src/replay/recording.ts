import { createHash } from 'node:crypto';
import * as z from 'zod';
import { PURE_STEP_NAMES, type PureStep } from '../../streams/turn/pure-steps.ts';
import type { AttributeNames } from '../domain/account.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import { attributesToRead } from '../domain/read-account.ts';
import { RecordingError } from './recording-error.ts';

/*
 * A recording has one line of JSON for each step, and a header for each start of the service. Steps
 * are plain values, written as they are, except for three kinds of values that JSON does not have:
 * entries, errors and infinity. Each of these is written as an object with one key, its tag.
 */

/** The version of the format. */
const FORMAT = 7;

/** A time in UTC with a year of four digits. */
const time = z
  .string()
  .refine(
    (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
    'expected a time such as 2026-03-01T02:00:00.000Z',
  );
const count = z.int().min(0);
const milliseconds = z.number().min(0);
const name = z.string().min(1);
const schedule = z.object({ attempts: count.min(1), initial: milliseconds, max: milliseconds });

const header = z.object({
  record: z.literal('prov-backup-rsnapshot'),
  format: z.literal(FORMAT, `only ${FORMAT} can be replayed: use the version that wrote the recording`),
  time,
  version: z.string(),
  /** The settings that the steps depend on. */
  settings: z.object({
    attributes: z.object({
      mode: name,
      state: name,
      date: z.array(name).min(1).readonly(),
      active: name,
      returnValue: name.nullable(),
      executionTime: name.nullable(),
    }),
    accounts: z.object({ lowestUidNumber: count, homeRoot: z.string().nullable(), homeLayout: z.string() }),
    instances: z.enum(['one', 'several']),
    retry: z.object({ temporary: schedule, script: schedule }),
  }),
});

/** `gap`: the number of lines that are missing here because the disk was too slow. */
const gap = z.object({ time, gap: count });

/**
 * The inputs of a step are not checked, except for their tags, because they go to functions without
 * effects.
 */
const step = z.looseObject({ time, step: z.enum(PURE_STEP_NAMES), uid: z.string() });

type Header = z.infer<typeof header>;
export type RecordedSettings = Header['settings'];

type WithOutline<Each> = Each extends PureStep ? Omit<Each, 'next'> & { readonly next: unknown } : never;

/** A step as it is recorded: its inputs, and the outline of its result (`outlineOf`). */
export type RecordedPureStep = WithOutline<PureStep>;

/** A line of a recording, with the time at which it was written. */
export type RecordingLine = Header | z.infer<typeof gap> | ({ readonly time: string } & RecordedPureStep);

/** Returns the header line, without a newline. */
export function encodeHeader(time: string, version: string, settings: RecordedSettings): string {
  return JSON.stringify({ record: 'prov-backup-rsnapshot', format: FORMAT, time, version, settings });
}

/**
 * Returns the line of a step, without a newline. Each entry has only the attributes on which steps
 * depend, and a digest of the others.
 */
export function encodePureStep(time: string, step: PureStep, names: AttributeNames): string {
  const kept = new Set(attributesToRead(names).map((each) => each.toLowerCase()));
  return JSON.stringify({ time, ...step, next: outlineOf(step.next) }, (_, value) => tagged(value, kept));
}

/** Returns the line for `lines` missing lines, without a newline. */
export function encodeGap(time: string, lines: number): string {
  return JSON.stringify({ time, gap: lines });
}

/** Decodes a line of a recording. Throws a RecordingError with the fault if it is not valid. */
export function decodeLine(text: string): RecordingLine {
  const line = parsed(text);
  if ('format' in line) return checked(header, line);
  return 'gap' in line ? checked(gap, line) : (checked(step, line) as unknown as RecordingLine);
}

/**
 * The result of a step in plain values. It leaves out what the step passes on: entries, records and
 * the job. The effect holds what is written to the directory.
 */
export function outlineOf(next: PureStep['next']): unknown {
  const plain = (value: unknown) => (value instanceof Error ? value.message : value);
  return JSON.parse(JSON.stringify(next, (key, value) => (PASSED_ON.has(key) ? undefined : plain(value))));
}

const PASSED_ON: ReadonlySet<string> = new Set([
  'record',
  'entry',
  'seen',
  'after',
  'candidate',
  'job',
  'outcome',
  'askedBy',
]);

/** A value of an attribute: text if the bytes are UTF-8, so that the recording is readable. */
const bytes = z.union([
  z.string().transform((text) => Buffer.from(text, 'utf8')),
  z.object({ base64: z.string() }).transform(({ base64 }) => Buffer.from(base64, 'base64')),
]);

function stored(value: Buffer): z.input<typeof bytes> {
  const text = value.toString('utf8');
  return Buffer.from(text, 'utf8').equals(value) ? text : { base64: value.toString('base64') };
}

/** What the tags stand for. */
const TAGS = {
  $entry: z
    .object({ dn: z.string(), attributes: z.record(z.string(), z.array(bytes)), unreadable: z.string().optional() })
    .transform(({ dn, attributes, unreadable }) => entryOf(dn, attributes, unreadable)),
  $error: z
    .object({ message: z.string(), resultCode: z.int().exactOptional(), remedy: z.string().exactOptional() })
    .transform(({ message, ...more }) => new DirectoryError(message, more)),
  $infinity: z.literal(true).transform(() => Number.POSITIVE_INFINITY),
};

function tagged(value: unknown, kept: ReadonlySet<string>): unknown {
  if (value === Number.POSITIVE_INFINITY) return { $infinity: true };
  if (value instanceof DirectoryError) {
    const { message, resultCode, remedy } = value;
    return { $error: { message, resultCode, remedy } };
  }
  return isEntry(value) ? { $entry: storedEntry(value, kept) } : value;
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const [tag, schema] of Object.entries(TAGS)) {
    if (tag in value) return checked<unknown>(schema, value[tag as keyof typeof value], [tag]);
  }
  return value;
}

function isEntry(value: unknown): value is DirectoryEntry {
  return typeof value === 'object' && value !== null && 'attributes' in value && typeof value.attributes === 'function';
}

/**
 * The name of a digest of the attributes that are left out: steps check whether these have changed.
 */
const OTHERS = 'x-other-attributes';

function storedEntry(entry: DirectoryEntry, kept: ReadonlySet<string>): z.input<typeof TAGS.$entry> {
  const { dn, unreadable } = entry;
  const all = [...entry.attributes()].map(([each, values]) => ({ each, key: each.toLowerCase(), values }));
  const attributes = all.filter(({ key }) => kept.has(key)).map(({ each, values }) => [each, values.map(stored)]);
  const others = all
    .filter(({ key }) => !kept.has(key))
    .flatMap(({ key, values }) => values.map((value) => `${key}: ${value.toString('base64')}`));
  const digest = createHash('sha256').update(others.sort().join('\n')).digest('base64');
  return { dn, attributes: { ...Object.fromEntries(attributes), [OTHERS]: [digest] }, unreadable };
}

function checked<T>(schema: z.ZodType<T>, given: unknown, where: readonly string[] = []): T {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RecordingError(`${[...where, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}

function parsed(text: string): object {
  try {
    const given: unknown = JSON.parse(text, (_, value) => untagged(value));
    if (typeof given === 'object' && given !== null) return given;
  } catch (error) {
    if (error instanceof RecordingError) throw error;
  }
  throw new RecordingError('this is not a line of a recording (run --record)');
}
