import { attributeType } from '../domain/attribute-type.ts';
import { comparableDn, isSameDn, parentOf, rdnValues } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { readGeneralizedTime } from '../domain/timestamp.ts';
import type { LdifAttribute, LdifChange, LdifModification } from './record.ts';

/** What the directory shows about a change whose answer was lost. */
export type Standing =
  /** The entry is as the change leaves it. */
  | { readonly kind: 'done' }
  /** It is not. The change may be sent again, as a repetition has no further effect. */
  | { readonly kind: 'open' }
  /** Neither is certain. `reason` says why. */
  | { readonly kind: 'unknown'; readonly reason: string };

const NOT_COMPARED: ReadonlySet<string> = new Set(['userpassword', 'creatorsname', 'createtimestamp']);

const DONE: Standing = { kind: 'done' };
const OPEN: Standing = { kind: 'open' };

/**
 * The attributes that are read in order to judge an entry: its user attributes, its creator, and
 * the time of its creation.
 */
export const TO_JUDGE = ['*', 'creatorsName', 'createTimestamp'];

/**
 * Judges a change whose answer was lost by the entries as they are now. `read` resolves to
 * undefined if there is no such entry. `added` is the DN of the entry that was added last. Rejects
 * if `read` does.
 */
export async function standingOf(
  { dn, change }: { readonly dn: string; readonly change: LdifChange },
  read: (dn: string) => Promise<DirectoryEntry | undefined>,
  added?: string,
): Promise<Standing> {
  const entry = await read(dn);
  switch (change.kind) {
    case 'add':
      if (entry === undefined) return OPEN;
      return isMadeAfter(added === undefined ? undefined : await read(added), entry)
        ? DONE
        : judgeAdd(dn, change.attributes, entry);
    case 'delete':
      return entry === undefined ? DONE : OPEN;
    case 'modify':
      return entry === undefined ? OPEN : judgeModify(change.modifications, entry);
    case 'rename':
      return entry === undefined && (await read(renamed(dn, change))) !== undefined ? DONE : OPEN;
  }
}

function renamed(dn: string, { newRdn, newSuperior }: LdifChange & { readonly kind: 'rename' }): string {
  const parent = newSuperior ?? parentOf(dn) ?? '';
  return parent === '' ? newRdn : `${newRdn},${parent}`;
}

/**
 * Whether the second entry has the same creator as the first one and was not created before it.
 * Then it is the record's entry, however it was changed since: a service changes an account that it
 * claims.
 */
function isMadeAfter(first: DirectoryEntry | undefined, second: DirectoryEntry): boolean {
  const [one, other] = [first && makingOf(first), makingOf(second)];
  return one !== undefined && other !== undefined && isSameDn(one.by, other.by) && other.at >= one.at;
}

function makingOf(entry: DirectoryEntry): { readonly by: string; readonly at: number } | undefined {
  const by = entry.values('creatorsName')[0]?.toString('utf8');
  const at = readGeneralizedTime(entry.values('createTimestamp')[0]?.toString('latin1') ?? '');
  return by === undefined || at === undefined ? undefined : { by, at };
}

/**
 * Compares an entry with the record that adds it. A directory may add superior object classes and
 * the value of the RDN. It may store a password as a hash, or not show it.
 */
function judgeAdd(dn: string, attributes: readonly LdifAttribute[], entry: DirectoryEntry): Standing {
  const asked = byType(attributes.map(({ name, values }) => [name, values] as const));
  const stored = byType(entry.attributes());
  const differing = [...new Set([...asked.keys(), ...stored.keys()])].filter((type) => {
    if (NOT_COMPARED.has(type)) return false;
    const [wanted, found] = [asked.get(type) ?? NOTHING, stored.get(type) ?? NOTHING];
    const isOwnAddition = (key: string) =>
      type === 'objectclass' || rdnValues(dn, type).some((value) => keyOf(Buffer.from(value)) === key);
    return !isSubset(wanted, found) || [...found].some((key) => !wanted.has(key) && !isOwnAddition(key));
  });
  if (differing.length === 0) return DONE;
  return { kind: 'unknown', reason: `the entry that exists differs from the record in ${differing.join(', ')}` };
}

/**
 * Compares an entry with the result of a modify. All steps except an increment have the same result
 * if they are applied twice.
 */
function judgeModify(modifications: readonly LdifModification[], entry: DirectoryEntry): Standing {
  if (modifications.some(({ operation }) => operation === 'increment')) {
    return { kind: 'unknown', reason: 'the entry does not show whether an increment was made' };
  }
  const outcomes = new Map<string, Outcome>();
  for (const modification of modifications) {
    const type = typeOf(modification.name);
    outcomes.set(type, after(outcomes.get(type) ?? UNTOUCHED, modification));
  }
  const stored = byType(entry.attributes());
  const holds = [...outcomes].every(([type, { present, absent, isAll }]) => {
    const found = stored.get(type) ?? NOTHING;
    const isWanted = isSubset(present, found) && ![...absent].some((key) => found.has(key));
    return isWanted && (!isAll || isSubset(found, present));
  });
  return holds ? DONE : OPEN;
}

/**
 * What an attribute holds after a modify: the values of `present` and none of `absent`. With
 * `isAll`, it holds no other values than `present`.
 */
interface Outcome {
  readonly present: ReadonlySet<string>;
  readonly absent: ReadonlySet<string>;
  readonly isAll: boolean;
}

const NOTHING: ReadonlySet<string> = new Set();
const UNTOUCHED: Outcome = { present: NOTHING, absent: NOTHING, isAll: false };

function after({ present, absent, isAll }: Outcome, { operation, values }: LdifModification): Outcome {
  const keys = new Set(values.map(keyOf));
  if (operation === 'add') return { present: union(present, keys), absent: without(absent, keys), isAll };
  if (operation === 'delete' && keys.size > 0) {
    return { present: without(present, keys), absent: union(absent, keys), isAll };
  }
  return { present: keys, absent: NOTHING, isAll: true };
}

function byType(attributes: Iterable<readonly [string, readonly Buffer[]]>): Map<string, ReadonlySet<string>> {
  return new Map([...attributes].map(([name, values]) => [typeOf(name), new Set(values.map(keyOf))]));
}

function typeOf(name: string): string {
  return attributeType(name) ?? name.toLowerCase();
}

/**
 * The key by which values are compared: their bytes. A value that looks like a DN is compared as a
 * DN, as servers may spell it differently.
 */
function keyOf(value: Buffer): string {
  const text = value.toString('utf8');
  return /^[A-Za-z0-9.-]+ *=.*,.*=/.test(text) ? comparableDn(text) : value.toString('latin1');
}

function isSubset(keys: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...keys].every((key) => others.has(key));
}

function union(keys: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...keys, ...others]);
}

function without(keys: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...keys].filter((key) => !others.has(key)));
}
