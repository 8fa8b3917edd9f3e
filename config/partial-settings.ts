import type { Settings } from './schema.ts';

type PartialSection<T> = T extends readonly unknown[] | string | number | boolean | null
  ? T | undefined
  : { readonly [K in keyof T]: PartialSection<T[K]> };

/** The settings of a file with faults: every section is there, a setting that could not be read is undefined. */
export type PartialSettings = { readonly [K in keyof Settings]: PartialSection<Settings[K]> };
