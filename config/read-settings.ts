import type * as z from 'zod';
import { contradictions } from './cross-rules.ts';
import type { FaultAt } from './fault.ts';
import { nearestWord } from './kinds/nearest.ts';
import { shapeOf } from './kinds/setting.ts';
import { type PartialSettings, type Settings, settingsSchema } from './schema.ts';

/**
 * Checks a parsed file against the schema and the rules between settings. Returns all faults at
 * once: the rules are applied to every setting that could be read, so that a mistake in one section
 * does not hide a contradiction in another one.
 */
export function readSettings(
  raw: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly settings: Settings } | { readonly faults: readonly FaultAt[] } {
  const read = settingsSchema.safeParse(raw);
  if (read.success) {
    const faults = contradictions(read.data, env);
    return faults.length === 0 ? { settings: read.data } : { faults };
  }
  const readable = readableParts(settingsSchema, raw) as PartialSettings;
  return { faults: [...read.error.issues.flatMap(faultsOfIssue), ...contradictions(readable, env)] };
}

/**
 * The most unknown keys of a section that are reported. A file that is not a configuration could
 * have as many as it has lines.
 */
const MOST_FAULTS = 100;

function faultsOfIssue(issue: z.core.$ZodIssue): FaultAt[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(shapeOf(schemaAt(path)) ?? {});
    return issue.keys.slice(0, MOST_FAULTS).map((key) => ({
      path: [...path, key],
      given: 'an unknown key',
      expected: knownKey(key, path, known),
    }));
  }
  return [{ path, expected: issue.code === 'custom' ? issue.message : expectedSection(path) }];
}

function knownKey(key: string, path: readonly string[], known: readonly string[]): string {
  const similar = nearestWord(key, known);
  if (similar !== undefined) return similar;
  const elsewhere = pathsEndingIn(key, settingsSchema, []);
  return elsewhere === undefined || elsewhere === [...path, key].join('.') ? `one of ${known.join(', ')}` : elsewhere;
}

/** The full path of a key that was found in the wrong section. */
function pathsEndingIn(key: string, schema: z.ZodType, path: readonly string[]): string | undefined {
  for (const [name, inner] of Object.entries(shapeOf(schema) ?? {})) {
    if (name === key) return [...path, name].join('.');
    const deeper = pathsEndingIn(key, inner, [...path, name]);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function expectedSection(path: readonly string[]): string {
  const keys = Object.keys(shapeOf(schemaAt(path)) ?? {});
  return `a section with the keys ${keys.join(', ')}`;
}

function schemaAt(path: readonly string[]): z.ZodType {
  return path.reduce<z.ZodType>((schema, key) => shapeOf(schema)?.[key] ?? schema, settingsSchema);
}

/** The settings that can be read. Others are undefined. */
function readableParts(schema: z.ZodType, raw: unknown): unknown {
  const shape = shapeOf(schema);
  if (shape === undefined) return schema.safeParse(raw).data;
  const given = typeof raw === 'object' && raw !== null ? (raw as Readonly<Record<string, unknown>>) : {};
  return Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, readableParts(inner, given[key])]));
}
