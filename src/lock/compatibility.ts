/**
 * Decides which services may run side by side on one host, by their bases and `instances`. Pure.
 *
 *   asks \ holds  | one: at, above or below | several: at, above or below | any: elsewhere
 *   one           | refused                 | refused                     | granted
 *   several       | refused                 | granted                     | granted
 *
 * This is the multi-granularity locking of databases, with its intention locks. `one` takes X on
 * its base and IX on all entries above. `several` takes S and IS. X is compatible with no lock, IX
 * with IX and IS, S with S and IS, IS with all except X. Each service records the whole path from
 * its base upwards, so two paths are enough to decide what the four lock modes would decide.
 */

export type Instances = 'one' | 'several';

/** The identity of an entry. Services on a host recognise the entry by it. */
export interface EntryIdentity {
  /** The key by which DNs are compared. */
  readonly dn: string;
  /**
   * The readable identifiers by attribute. The server assigns them permanently, and they are the
   * same on every replica.
   */
  readonly ids: Readonly<Record<string, string>>;
}

/** The entry at a base and those above it, upwards, as one server returned them. */
export interface BasePath {
  /** The server's URL, in one spelling. */
  readonly server: string;
  readonly entries: readonly EntryIdentity[];
}

/** The accounts of a service, and whether other services may share them. */
export interface LockScope {
  readonly instances: Instances;
  /** One path for each identity that the base has had since the start of the service. */
  readonly paths: readonly BasePath[];
}

/** Whether two services may run side by side. Symmetric. */
export function isCompatible(one: LockScope, other: LockScope): boolean {
  if (one.instances === 'several' && other.instances === 'several') return true;
  return !one.paths.some((path) => other.paths.some((another) => overlap(path, another)));
}

/** Whether two bases are the same entry, or one is above the other. */
function overlap(one: BasePath, other: BasePath): boolean {
  return isAtOrAbove(one, other) || isAtOrAbove(other, one);
}

function isAtOrAbove(one: BasePath, other: BasePath): boolean {
  const [base] = one.entries;
  return base !== undefined && other.entries.some((entry) => isSameEntry(base, entry, one.server === other.server));
}

/**
 * If both entries have identifiers, the identifiers decide. Without them, equal DNs mean the same
 * entry. On one server equal DNs always do, because an entry that was deleted and created again has
 * a new identifier. A wrong refusal is better than two services on one account.
 */
function isSameEntry(one: EntryIdentity, other: EntryIdentity, onOneServer: boolean): boolean {
  const shown = Object.keys(one.ids).filter((name) => other.ids[name] !== undefined);
  if (shown.some((name) => one.ids[name] === other.ids[name])) return true;
  return one.dn === other.dn && (shown.length === 0 || onOneServer);
}
