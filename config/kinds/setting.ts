import * as z from 'zod';
import { textsOf } from './kind.ts';

/** The description of one setting in the reference. */
export interface SettingNotes {
  /** One sentence that describes the setting. */
  readonly sentence: string;
  /** The default, written as in the file; undefined if the setting is required. */
  readonly fallback: unknown;
  readonly required: boolean;
  /** The text that a fault shows. */
  readonly expected: string;
  /** The text of the example: a range, a choice or a noun. */
  readonly brief: string;
}

/**
 * Creates an optional setting. `fallback` is written as in the file, and is read like a given
 * value.
 */
export function setting<S extends z.ZodType>(sentence: string, fallback: unknown, schema: S) {
  const notes: SettingNotes = { sentence, fallback, required: false, ...textsOf(schema) };
  return (schema as z.ZodType<z.output<S>>).prefault(fallback as z.input<S>).meta({ notes });
}

/** Creates a required setting. */
export function required<S extends z.ZodType>(sentence: string, schema: S) {
  const notes: SettingNotes = { sentence, fallback: undefined, required: true, ...textsOf(schema) };
  return z
    .unknown()
    .optional()
    .pipe(schema as z.ZodType<z.output<S>>)
    .meta({ notes });
}

export type Shape = Readonly<Record<string, z.ZodType>>;

/**
 * Creates a section. Unknown keys are faults. In a missing or empty section all settings have their
 * defaults.
 */
export function section<S extends Shape>(sentence: string, shape: S) {
  return z
    .preprocess((given) => given ?? {}, z.strictObject(shape))
    .prefault({})
    .meta({ sentence, shape });
}

export type SectionSchema = z.ZodType;

/**
 * The settings of a section as the program uses them: durations in milliseconds, all defaults
 * filled in.
 */
export type SettingsOf<S extends z.ZodType> = z.output<S>;

/**
 * The same for a file with faults: every section exists, and a setting that could not be read is
 * undefined.
 */
export type PartialSettingsOf<S extends z.ZodType> = Readable<z.output<S>>;

type Readable<T> = { readonly [K in keyof T]: ReadablePart<T[K]> };

type ReadablePart<T> = T extends readonly unknown[] | string | number | boolean | null ? T | undefined : Readable<T>;

export function notesOf(schema: z.ZodType): SettingNotes | undefined {
  return schema.meta()?.['notes'] as SettingNotes | undefined;
}

export function shapeOf(schema: z.ZodType): Shape | undefined {
  return schema.meta()?.['shape'] as Shape | undefined;
}

export function sentenceOf(schema: z.ZodType): string {
  const sentence = schema.meta()?.['sentence'];
  return typeof sentence === 'string' ? sentence : '';
}
