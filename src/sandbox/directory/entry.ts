import { type Dn, dnText, type NamingValue } from '../../domain/dn.ts';
import { OPERATIONAL } from './schema.ts';

/** Attributes by lower-case name. `name` has the original spelling. */
export type Attributes = ReadonlyMap<string, StoredAttribute>;

export interface StoredAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** An entry at one moment. A write creates a new object, so earlier ones never change. */
export interface StoredEntry {
  /** Increases with each new entry; search results are in this order. */
  readonly id: number;
  readonly dn: Dn;
  readonly attributes: Attributes;
}

/** The value of an RDN as an attribute value. */
export function bytesOf({ value }: NamingValue): Buffer {
  return Buffer.from(value);
}

export function valuesOf(entry: StoredEntry, name: string): readonly Buffer[] {
  return entry.attributes.get(name.toLowerCase())?.values ?? [];
}

/** The entry without the given attributes. */
export function without(entry: StoredEntry, hidden: readonly string[]): StoredEntry {
  const attributes = new Map(entry.attributes);
  for (const name of hidden) attributes.delete(name);
  return { ...entry, attributes };
}

/** The part of an entry that a search or a read control returns. */
export interface SelectedEntry {
  readonly dn: string;
  readonly attributes: readonly StoredAttribute[];
}

/** Selects attributes as a search does (RFC 4511, section 4.5.1.8; RFC 3673 for `+`). */
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
