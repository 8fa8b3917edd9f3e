/**
 * One entry as the server sent it. Names are case-insensitive (RFC 4512, section 2.5). Values are
 * bytes, as they need not be text.
 */
export interface DirectoryEntry {
  readonly dn: string;
  /** The values of one attribute; empty if the entry has none. */
  values(name: string): readonly Buffer[];
  /** The same values as text. Bytes that are not UTF-8 become U+FFFD. */
  texts(name: string): readonly string[];
  /** Every attribute, under the name that the server sent. */
  attributes(): Iterable<readonly [name: string, values: readonly Buffer[]]>;
  /**
   * Why the attributes of the entry are not available, and what to do about it. Undefined for an
   * ordinary entry.
   */
  readonly unreadable?: string;
}

/** Makes an entry from plain data. */
export function entryOf(
  dn: string,
  attributes: Readonly<Record<string, string | Buffer | ReadonlyArray<string | Buffer>>>,
  unreadable?: string,
): DirectoryEntry {
  const byName = new Map<string, readonly [string, readonly Buffer[]]>();
  for (const [name, given] of Object.entries(attributes)) {
    const values = (typeof given === 'string' || Buffer.isBuffer(given) ? [given] : given).map((value) =>
      typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
    );
    byName.set(name.toLowerCase(), [name, values]);
  }
  const valuesOf = (name: string) => byName.get(name.toLowerCase())?.[1] ?? [];
  return {
    dn,
    values: valuesOf,
    texts: (name) => valuesOf(name).map((value) => value.toString('utf8')),
    attributes: () => byName.values(),
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

/** The same entry with another DN, the one under which it is known to exist. */
export function entryAt(dn: string, entry: DirectoryEntry): DirectoryEntry {
  if (entry.dn === dn) return entry;
  const { unreadable } = entry;
  return {
    dn,
    values: (name) => entry.values(name),
    texts: (name) => entry.texts(name),
    attributes: () => entry.attributes(),
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

/** The attributes that a server updates itself at every write. */
const STAMPS: ReadonlySet<string> = new Set(['modifytimestamp', 'modifiersname', 'entrycsn']);

/** Whether two readings of an entry have the same attributes and values, except `STAMPS`. */
export function sameAttributes(one: DirectoryEntry, other: DirectoryEntry): boolean {
  const [ones, others] = [valuesByName(one), valuesByName(other)];
  if (ones.size !== others.size) return false;
  return [...ones].every(([name, values]) => {
    const found = others.get(name);
    return found?.length === values.length && values.every((value, index) => found[index]?.equals(value) === true);
  });
}

function valuesByName(entry: DirectoryEntry): Map<string, readonly Buffer[]> {
  const byName = new Map<string, readonly Buffer[]>();
  for (const [name, values] of entry.attributes()) {
    const key = name.toLowerCase();
    if (!STAMPS.has(key))
      byName.set(
        key,
        values.toSorted((a, b) => a.compare(b)),
      );
  }
  return byName;
}
