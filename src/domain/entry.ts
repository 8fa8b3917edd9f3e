/**
 * One directory entry as a server sent it. Names compare case-insensitively (RFC 4512, section 2.5);
 * values are bytes, as nothing promises that they are text.
 */
export interface DirectoryEntry {
  readonly dn: string;
  /** The values of one attribute; empty where the entry has none. */
  values(name: string): readonly Buffer[];
  /** Every attribute, under the name that the server sent. */
  attributes(): Iterable<readonly [name: string, values: readonly Buffer[]]>;
  /** Why its attributes are not known, and what to do about it; it then shows none. Undefined for an entry as it should be. */
  readonly unreadable?: string;
}

/** An entry from plain data: for servers and tests that have the attributes at hand already. */
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
  return {
    dn,
    values: (name) => byName.get(name.toLowerCase())?.[1] ?? [],
    attributes: () => byName.values(),
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

/** The same entry under the DN that it is known by to be there. */
export function entryAt(dn: string, entry: DirectoryEntry): DirectoryEntry {
  if (entry.dn === dn) return entry;
  const { unreadable } = entry;
  return {
    dn,
    values: (name) => entry.values(name),
    attributes: () => entry.attributes(),
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

/** What a server writes by itself whenever anything else is written. */
const STAMPS: ReadonlySet<string> = new Set(['modifytimestamp', 'modifiersname', 'entrycsn']);

/** Whether two readings of an entry show the same attributes and values, the stamps of the write aside. */
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
