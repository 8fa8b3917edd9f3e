import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { ClaimInput } from '../../streams/turn/claim-state.ts';
import type { Failed } from '../../streams/turn/machine.ts';
import type { Step } from '../../streams/turn/steps.ts';
import type { WriteBackInput } from '../../streams/turn/write-back-state.ts';
import type { AccountRules, AttributeNames } from '../domain/account.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { attributesToRead } from '../domain/read-account.ts';
import type { RetryPolicy } from '../domain/retry.ts';
import { type Bytes, lineSchemas } from './record-schema.ts';

/** The settings that the steps depend on. */
export interface RecordedSettings {
  readonly attributes: AttributeNames;
  readonly accounts: AccountRules;
  readonly instances: 'one' | 'several';
  readonly retry: RetryPolicy;
}

type WithOutline<Each> = Each extends { readonly next: unknown }
  ? Omit<Each, 'next'> & { readonly next: unknown }
  : never;

/** A step as it is recorded, with only the outline of its result (`outlineOf`). */
export type RecordedStep = WithOutline<Step>;

/**
 * A line of a record, with the time at which it was written. Each start of the service writes a
 * header.
 */
export type RecordLine =
  | {
      readonly kind: 'header';
      readonly time: string;
      readonly version: string;
      readonly settings: RecordedSettings;
    }
  | { readonly kind: 'step'; readonly time: string; readonly step: RecordedStep }
  /** The number of lines that are missing here because the disk was too slow. */
  | { readonly kind: 'gap'; readonly time: string; readonly lines: number };

/** The version of the format. */
export const FORMAT = 4;

/** Returns the header line, without a newline. */
export function encodeHeader(time: string, version: string, settings: RecordedSettings): string {
  return JSON.stringify({ record: 'prov-backup-rsnapshot', format: FORMAT, time, version, settings });
}

/**
 * Returns the line of a step, without a newline. Of an entry it has only the attributes on which
 * steps depend, and a digest of the others.
 */
export function encodeStep(time: string, step: Step, names: AttributeNames): string {
  const next = outlineOf(step.next);
  switch (step.step) {
    case 'decide': {
      const { today, othersTimeLeft, behindTimeLeft } = step.circumstances;
      const circumstances = { today, othersTimeLeft, behindTimeLeft };
      return JSON.stringify({ time, ...step, circumstances, next });
    }
    case 'afterHandler':
    case 'afterRefusal':
    case 'beginWriteBack':
      return JSON.stringify({ time, ...step, next });
    case 'beginClaim': {
      const { id: _, ...candidate } = step.candidate;
      return JSON.stringify({ time, ...step, candidate, next });
    }
    case 'stepClaim':
    case 'stepWriteBack':
      return JSON.stringify({ time, ...step, input: storedInput(step.input, names), next });
  }
}

/** Returns the line for `lines` missing lines, without a newline. */
export function encodeGap(time: string, lines: number): string {
  return JSON.stringify({ time, gap: lines });
}

/** Decodes a line of a record. Throws a RangeError with the fault if it is not valid. */
export function decodeLine(text: string): RecordLine {
  const line = parsed(text);
  if ('format' in line) {
    if (line['record'] !== 'prov-backup-rsnapshot' || line['format'] !== FORMAT) {
      throw new RangeError(`it is no record of format ${FORMAT}`);
    }
    return { kind: 'header', ...checked('header', line) };
  }
  if ('gap' in line) {
    const { time, gap: lines } = checked('gap', line);
    return { kind: 'gap', time, lines };
  }
  const { time, ...step } = checked('step', line);
  return { kind: 'step', time, step: step as RecordedStep };
}

/**
 * What a step led to, in plain values: the state with its effect, or the result. Entries and
 * records are left out: what is written to the directory is in the effect.
 */
export function outlineOf(next: Step['next']): unknown {
  return JSON.parse(JSON.stringify(ledTo(next), (key, value) => (OMITTED.has(key) ? undefined : plain(value))));
}

const OMITTED: ReadonlySet<string> = new Set(['record', 'entry', 'seen']);

function ledTo(next: Step['next']): object {
  if (!('notes' in next)) return next;
  const { notes } = next;
  return 'result' in next ? { result: next.result, notes } : { at: next.state.at, effect: next.effect, notes };
}

function plain(value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function storedInput(input: ClaimInput | WriteBackInput | Failed, names: AttributeNames): object {
  if (input.got === 'error') {
    const { message, resultCode, remedy } = input.error;
    return { ...input, error: { message, resultCode, remedy } };
  }
  return 'entry' in input && input.entry !== undefined ? { ...input, entry: storedEntry(input.entry, names) } : input;
}

/** Holds a digest of the attributes that are left out: steps compare whether they have changed. */
const OTHERS = 'x-other-attributes';

function storedEntry(entry: DirectoryEntry, names: AttributeNames): object {
  const { dn, unreadable } = entry;
  const kept = attributesToRead(names);
  const attributes = kept.flatMap((name) => {
    const values = entry.values(name);
    return values.length === 0 ? [] : [[name, values.map(stored)]];
  });
  return { dn, attributes: { [OTHERS]: [digestOfOthers(entry, kept)], ...Object.fromEntries(attributes) }, unreadable };
}

function digestOfOthers(entry: DirectoryEntry, kept: readonly string[]): string {
  const names = new Set(kept.map((name) => name.toLowerCase()));
  const others = [...entry.attributes()].filter(([name]) => !names.has(name.toLowerCase()));
  const lines = others.flatMap(([name, values]) =>
    values.map((value) => `${name.toLowerCase()}: ${value.toString('base64')}`),
  );
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('base64');
}

/** Text if the bytes are UTF-8, so that the record is readable; otherwise base64. */
function stored(value: Buffer): Bytes {
  const text = value.toString('utf8');
  return Buffer.from(text, 'utf8').equals(value) ? text : { base64: value.toString('base64') };
}

function checked<K extends keyof typeof lineSchemas>(kind: K, line: unknown): z.infer<(typeof lineSchemas)[K]> {
  const read = lineSchemas[kind].safeParse(line);
  if (read.success) return read.data as z.infer<(typeof lineSchemas)[K]>;
  const [issue] = read.error.issues;
  throw new RangeError(`${issue?.path.join('.')}: ${issue?.message}`);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given };
  } catch {
    // The error below covers this case, too.
  }
  throw new RangeError('it is no line of a record (run --record)');
}
