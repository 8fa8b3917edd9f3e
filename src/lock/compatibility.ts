/**
 * Which services may work beside each other on one host, as their bases and `instances` say. Pure.
 *
 *   asks \ holds  | one: at, above or below | several: at, above or below | any: elsewhere
 *   one           | refused                 | refused                     | granted
 *   several       | refused                 | granted                     | granted
 *
 * That is the multi-granularity locking of databases, with its intention locks written out. There
 * `one` is X on its base and IX on all above, `several` is S and IS; IS goes with all but X, IX
 * with IS and IX, S with IS and S, X with none. As each service tells the whole path from its base
 * upwards, two paths show by themselves what the four modes would.
 */

export type Instances = 'one' | 'several';

/** One entry, as services on a host can tell that they mean the same one. */
export interface EntryIdentity {
  /** In the form in which DNs compare. */
  readonly dn: string;
  /**
   * By attribute, the names that the server gave it for good, the same on every replica; those that
   * can be read.
   */
  readonly ids: Readonly<Record<string, string>>;
}

/** The entry at a base, and those above it, upwards, as they were found on one server. */
export interface BasePath {
  /** The server's URL, in one spelling. */
  readonly server: string;
  readonly entries: readonly EntryIdentity[];
}

/** What a service works on, and how. */
export interface Scope {
  readonly instances: Instances;
  /** One for each identity that its base has had since it started. */
  readonly paths: readonly BasePath[];
}

/** Whether one service may work beside another one. Symmetric. */
export function isCompatible(one: Scope, other: Scope): boolean {
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
 * What the server calls them decides where both show it. Where they do not, and on one server in
 * any case (an entry that was deleted and made anew is called otherwise), equal DNs are taken for
 * one entry: rather refused once too often than worked on twice.
 */
function isSameEntry(one: EntryIdentity, other: EntryIdentity, onOneServer: boolean): boolean {
  const shown = Object.keys(one.ids).filter((name) => other.ids[name] !== undefined);
  if (shown.some((name) => one.ids[name] === other.ids[name])) return true;
  return one.dn === other.dn && (shown.length === 0 || onOneServer);
}
