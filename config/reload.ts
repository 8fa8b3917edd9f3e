import type * as z from 'zod';
import { contradictions } from './cross-rules.ts';
import type { FaultAt } from './fault.ts';
import { shapeOf } from './kinds/setting.ts';
import { type Settings, settingsSchema } from './schema.ts';

/**
 * The settings and whole sections that a running service applies after a reload. They apply to
 * turns that begin afterwards. All other settings need a restart.
 */
const RELOADABLE: readonly string[] = [
  'concurrency',
  'log.level',
  'retry',
  'script.command',
  'script.perMode',
  'script.timeout',
  'script.path',
  'script.language',
  'quota',
  'rsnapshot',
  'userCheck',
  'homeCheck',
  'notify',
  'shutdown',
];

export interface Reloaded {
  /** The settings in effect afterwards. */
  readonly settings: Settings;
  /** The keys that have other values now. */
  readonly changed: readonly string[];
  /** The keys whose new values need a restart. */
  readonly needRestart: readonly string[];
  /**
   * The contradictions between the new values that could be applied and the settings that need a
   * restart. If there are any, nothing may be applied.
   */
  readonly faults: readonly FaultAt[];
}

/** Decides which settings apply after a reload of the file. Pure. */
export function reloaded(
  before: Settings,
  after: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Reloaded {
  const differing = differences(settingsSchema, before, after, []);
  const changed = differing.filter(isReloadable);
  const settings = changed.reduce<Settings>((taken, key) => withValue(taken, after, key.split('.')), before);
  return {
    settings,
    changed,
    needRestart: differing.filter((key) => !isReloadable(key)),
    faults: contradictions(settings, env),
  };
}

function isReloadable(key: string): boolean {
  return RELOADABLE.some((one) => key === one || key.startsWith(`${one}.`));
}

/** The keys of the settings that differ, in the order of the schema. */
function differences(schema: z.ZodType, before: unknown, after: unknown, path: readonly string[]): string[] {
  const shape = shapeOf(schema);
  if (shape === undefined) return JSON.stringify(before) === JSON.stringify(after) ? [] : [path.join('.')];
  const valueAt = (section: unknown, key: string) => (section as Readonly<Record<string, unknown>>)[key];
  return Object.entries(shape).flatMap(([key, inner]) =>
    differences(inner, valueAt(before, key), valueAt(after, key), [...path, key]),
  );
}

/** Returns `into` with the value that `from` has at the path. Both have all sections. */
function withValue<T extends object>(into: T, from: T, [key = '', ...rest]: readonly string[]): T {
  const value = from[key as keyof T];
  if (rest.length === 0) return { ...into, [key]: value };
  return { ...into, [key]: withValue(into[key as keyof T] as object, value as object, rest) };
}
