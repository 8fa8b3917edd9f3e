import { type Dn, dnText, type NamingValue } from '../../domain/dn.ts';
import { OPERATIONAL } from './schema.ts';

/** Attributes under lower-case names; `name` is as it was first written. */
export type Attributes = ReadonlyMap<string, StoredAttribute>;

export interface StoredAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** An entry at one moment: a write makes a new one, so that whoever holds this one keeps it as it was. */
export interface StoredEntry {
  /** Grows with each entry made: the order of search results. */
  readonly id: number;
  readonly dn: Dn;
  readonly attributes: Attributes;
}

/** A value of an RDN as attributes have it. */
export function bytesOf({ value }: NamingValue): Buffer {
  return Buffer.from(value);
}

export function valuesOf(entry: StoredEntry, name: string): readonly Buffer[] {
  return entry.attributes.get(name.toLowerCase())?.values ?? [];
}

/** The entry without the attributes that the reader may not see. */
export function without(entry: StoredEntry, hidden: readonly string[]): StoredEntry {
  const attributes = new Map(entry.attributes);
  for (const name of hidden) attributes.delete(name);
  return { ...entry, attributes };
}

/** What a search or a read control returns of an entry. */
export interface SelectedEntry {
  readonly dn: string;
  readonly attributes: readonly StoredAttribute[];
}

/** Chooses attributes as a search asks for them (RFC 4511, section 4.5.1.8; RFC 3673 for `+`). */
export function select(entry: StoredEntry, wanted: readonly string[], typesOnly = false): SelectedEntry {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const allUser = names.size === 0 || names.has('*');
  const allOperational = names.has('+');
  const chosen = [...entry.attributes].filter(
    ([key]) => names.has(key) || (OPERATIONAL.has(key) ? allOperational : allUser || names.has(withoutOptions(key))),
  );
  return {
    dn: dnText(entry.dn),
    attributes: chosen.map(([, { name, values }]) => ({ name, values: typesOnly ? [] : values })),
  };
}

function withoutOptions(name: string): string {
  return name.replace(/;.*$/, '');
}
