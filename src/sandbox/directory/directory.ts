import { timingSafeEqual } from 'node:crypto';
import { ResultCode } from '../../domain/directory-error.ts';
import { type Dn, dnKey, dnText, isWithin, type NamingValue, parseDn } from '../../domain/dn.ts';
import { bytesOf, type StoredEntry, valuesOf } from './entry.ts';
import { type Filter, matches } from './filter.ts';
import { applyChanges, attributesOf, type Change } from './modify.ts';
import { Stamps } from './operational.ts';
import { Refusal } from './refusal.ts';
import { checkWrite, type Rights, type Subject, visibleEntry } from './rights.ts';
import { checkEntry } from './rules.ts';
import { matchKey } from './schema.ts';

/** A write, as persistent searches report it. A delete has no `after`, an add no `before`. */
export interface EntryChange {
  readonly kind: 'add' | 'delete' | 'modify' | 'rename';
  readonly before: StoredEntry | undefined;
  readonly after: StoredEntry | undefined;
}

/**
 * The scopes of RFC 4511, section 4.5.1.2 (base object, single level, whole subtree), and a fourth
 * one from a draft: everything below the base, without the base.
 */
export type Scope = 'base' | 'one' | 'sub' | 'children';

export interface Rename {
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}

export interface DirectoryOptions {
  readonly suffix: Dn;
  readonly rights: Rights;
  /** The administrator has no entry. */
  readonly administratorPassword: string;
  readonly now: () => Date;
}

/**
 * The tree of entries in memory, and the operations of RFC 4511 on it. An operation either succeeds
 * completely or throws a Refusal with the result code of a real server. Rights depend on the
 * subject. This class does not know connections.
 */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #stamps: Stamps;
  readonly #entries = new Map<string, StoredEntry>();
  #lastId = 0;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#stamps = new Stamps(options.now);
  }

  get suffix(): Dn {
    return this.#options.suffix;
  }

  /**
   * Returns the subject that a name and a password authenticate (RFC 4513, section 5.1). Throws a
   * Refusal.
   */
  authenticate(name: string, password: Buffer): Subject {
    const dn = parseRequestDn(name);
    if (dn.length === 0) return [];
    if (password.length === 0) {
      throw new Refusal(ResultCode.unwillingToPerform, 'unauthenticated bind (DN with no password) disallowed');
    }
    const { rights, administratorPassword } = this.#options;
    const entry = this.#entries.get(dnKey(dn));
    const isAdministrator = dnKey(dn) === dnKey(rights.administrator);
    const passwords = isAdministrator
      ? [Buffer.from(administratorPassword, 'utf8')]
      : entry === undefined
        ? []
        : valuesOf(entry, 'userPassword');
    if (!passwords.some((known) => known.length === password.length && timingSafeEqual(known, password))) {
      throw new Refusal(ResultCode.invalidCredentials, '');
    }
    return dn;
  }

  /**
   * Returns the entries in scope that match, with the attributes that the subject may see, the
   * oldest first.
   */
  search(subject: Subject, base: Dn, scope: Scope, filter: Filter): StoredEntry[] {
    const root = this.#existing(base);
    const candidates = scope === 'base' ? [root] : [...this.#entries.values()];
    return candidates
      .filter((entry) => inScope(entry.dn, base, scope))
      .map((entry) => visibleEntry(this.#options.rights, subject, entry))
      .filter((entry) => matches(filter, entry))
      .sort((left, right) => left.id - right.id);
  }

  /** Returns one entry, with the attributes that the subject may see. */
  read(subject: Subject, dn: Dn): StoredEntry {
    return visibleEntry(this.#options.rights, subject, this.#existing(dn));
  }

  compare(subject: Subject, name: string, attribute: string, value: Buffer): boolean {
    const values = valuesOf(this.read(subject, parseRequestDn(name)), attribute);
    if (values.length === 0) throw new Refusal(ResultCode.noSuchAttribute, '');
    return values.some((stored) => matchKey(attribute, stored) === matchKey(attribute, value));
  }

  add(subject: Subject, name: string, given: Parameters<typeof attributesOf>[0]): EntryChange {
    const dn = this.#writable(parseRequestDn(name));
    checkWrite(this.#options.rights, subject, dn, undefined);
    if (this.#entries.has(dnKey(dn))) throw new Refusal(ResultCode.entryAlreadyExists, '');
    if (dnKey(dn) !== dnKey(this.suffix)) this.#existing(dn.slice(1));
    const unnamed: StoredEntry = { id: this.#lastId + 1, dn, attributes: attributesOf(given) };
    const named = applyChanges(unnamed.attributes, namingChanges(unnamed, dn.slice(0, 1), false));
    const after: StoredEntry = { ...unnamed, attributes: this.#stamps.created(named, subject) };
    checkEntry(after);
    this.#lastId += 1;
    this.#entries.set(dnKey(dn), after);
    return { kind: 'add', before: undefined, after };
  }

  modify(subject: Subject, name: string, changes: readonly Change[]): EntryChange {
    const before = this.#target(name);
    checkWrite(
      this.#options.rights,
      subject,
      before.dn,
      changes.map((change) => change.name),
    );
    const attributes = this.#stamps.modified(applyChanges(before.attributes, changes), subject);
    const after = { ...before, attributes };
    checkEntry(after);
    this.#entries.set(dnKey(before.dn), after);
    return { kind: 'modify', before, after };
  }

  delete(subject: Subject, name: string): EntryChange {
    const before = this.#target(name);
    checkWrite(this.#options.rights, subject, before.dn, undefined);
    if (this.#below(before.dn).length > 0) {
      throw new Refusal(ResultCode.notAllowedOnNonLeaf, 'subordinate objects must be deleted first');
    }
    this.#entries.delete(dnKey(before.dn));
    return { kind: 'delete', before, after: undefined };
  }

  /** Renames and moves an entry and everything below it (RFC 4511, section 4.9). */
  rename(subject: Subject, name: string, { newRdn, deleteOldRdn, newSuperior }: Rename): EntryChange {
    const before = this.#target(name);
    checkWrite(this.#options.rights, subject, before.dn, undefined);
    const rdn = parseRequestDn(newRdn);
    const [own] = before.dn;
    if (rdn.length !== 1 || own === undefined) throw new Refusal(ResultCode.invalidDNSyntax, 'invalid new RDN');
    if (dnKey(before.dn) === dnKey(this.suffix)) {
      throw new Refusal(ResultCode.unwillingToPerform, 'the suffix cannot be renamed');
    }
    const parent = newSuperior === undefined ? before.dn.slice(1) : this.#existing(parseRequestDn(newSuperior)).dn;
    if (isWithin(parent, before.dn))
      throw new Refusal(ResultCode.unwillingToPerform, 'an entry cannot move below itself');
    const dn: Dn = [...rdn, ...parent];
    if (dnKey(dn) !== dnKey(before.dn) && this.#entries.has(dnKey(dn))) {
      throw new Refusal(ResultCode.entryAlreadyExists, '');
    }
    const renamed = applyChanges(before.attributes, namingChanges(before, rdn, deleteOldRdn));
    const after: StoredEntry = { id: before.id, dn, attributes: this.#stamps.modified(renamed, subject) };
    checkEntry(after);
    const below = this.#below(before.dn);
    for (const entry of [before, ...below]) this.#entries.delete(dnKey(entry.dn));
    this.#entries.set(dnKey(dn), after);
    for (const entry of below) {
      const moved = [...entry.dn.slice(0, entry.dn.length - before.dn.length), ...dn];
      this.#entries.set(dnKey(moved), { ...entry, dn: moved });
    }
    return { kind: 'rename', before, after };
  }

  /** Returns the change with the attributes that the subject may see. */
  visibleTo(subject: Subject, { kind, before, after }: EntryChange): EntryChange {
    const see = (entry: StoredEntry | undefined) => entry && visibleEntry(this.#options.rights, subject, entry);
    return { kind, before: see(before), after: see(after) };
  }

  /** Returns the entry to write. Throws a Refusal if there is none. */
  #target(name: string): StoredEntry {
    return this.#existing(this.#writable(parseRequestDn(name)));
  }

  /** Refuses a DN at which this directory cannot write. */
  #writable(dn: Dn): Dn {
    if (dn.length === 0) throw new Refusal(ResultCode.unwillingToPerform, 'the root DSE cannot be written');
    if (!isWithin(dn, this.suffix)) throw new Refusal(ResultCode.unwillingToPerform, 'no global superior knowledge');
    return dn;
  }

  #existing(dn: Dn): StoredEntry {
    const entry = this.#entries.get(dnKey(dn));
    if (entry !== undefined) return entry;
    const nearest = dn.map((_, depth) => dn.slice(depth)).find((ancestor) => this.#entries.has(dnKey(ancestor)));
    throw new Refusal(ResultCode.noSuchObject, '', nearest === undefined ? '' : dnText(nearest));
  }

  #below(dn: Dn): StoredEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.dn.length > dn.length && isWithin(entry.dn, dn));
  }
}

export function inScope(dn: Dn, base: Dn, scope: Scope): boolean {
  const depth = dn.length - base.length;
  const fits = { base: depth === 0, one: depth === 1, sub: true, children: depth > 0 }[scope];
  return fits && isWithin(dn, base);
}

/** Reads the DN of a request. Throws a Refusal if it is malformed. */
export function parseRequestDn(name: string): Dn {
  const dn = parseDn(name);
  if (dn === undefined) throw new Refusal(ResultCode.invalidDNSyntax, 'invalid DN');
  return dn;
}

/**
 * The changes that give an entry the values of its new RDN and, with `deleteOldRdn`, remove the old
 * ones.
 */
function namingChanges(before: StoredEntry, rdn: Dn, deleteOldRdn: boolean): Change[] {
  const change = (operation: Change['operation'], naming: NamingValue): Change => ({
    operation,
    name: naming.type,
    values: [bytesOf(naming)],
  });
  const keyOf = (naming: NamingValue) => matchKey(naming.type, bytesOf(naming));
  const has = (naming: NamingValue) =>
    valuesOf(before, naming.type).some((stored) => matchKey(naming.type, stored) === keyOf(naming));
  const added = rdn.flatMap(({ values }) => values);
  const isKept = (old: NamingValue) => added.some((kept) => kept.type === old.type && keyOf(kept) === keyOf(old));
  const removed = deleteOldRdn ? (before.dn[0]?.values ?? []).filter((old) => has(old) && !isKept(old)) : [];
  return [
    ...removed.map((naming) => change('delete', naming)),
    ...added.filter((naming) => !has(naming)).map((naming) => change('add', naming)),
  ];
}
