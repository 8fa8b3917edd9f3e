import { Observable, Subject } from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import type { AccountDirectory, LeaseDirectory } from '../../src/domain/directory.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { isSameDn } from '../../src/domain/dn.ts';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import { type Fencing, versionOfFence } from '../../src/domain/fence.ts';
import type { Modification } from '../../src/domain/transition.ts';

export type Content = Readonly<Record<string, string | readonly string[]>>;

/** A fault of one operation of a client. */
export type Fault =
  /** There is no response; the operation was not done (`lostBefore`) or done (`lostAfter`). */
  | 'lostBefore'
  | 'lostAfter'
  /** There is no response; the operation is done when the test calls `deliver`. */
  | 'late'
  /** The response has this result code; the operation was not done. */
  | { readonly code: number };

export interface Operation {
  readonly kind: 'modify' | 'read' | 'find' | 'list' | 'lease';
  readonly dn: string;
  readonly modifications: readonly Modification[];
}

interface Stored {
  readonly uuid: string;
  dn: string;
  attributes: Map<string, { readonly name: string; readonly values: string[] }>;
  modifiedAt: number;
  /** Like OpenLDAP's: a new number for each modification. */
  csn: number;
  modifiedBy: string;
}

const BASE = 'ou=accounts,dc=example,dc=org';
/** The DN that the write methods of the tests use: an administrator's. */
const ADMIN = 'cn=admin,dc=example,dc=org';
const SINGLE_VALUED = /^(sst|uidNumber)/i;

export function dnOf(uid: string): string {
  return `uid=${uid},${BASE}`;
}

/**
 * A directory in memory that the stream cannot tell from a real one: modifies are atomic and return
 * LDAP's result codes, every change is sent to the subscribers of open accounts, and time stamps
 * have seconds. A test can make it unreachable (`away`), fail single operations (`fault`), and
 * write in between (`meanwhile`).
 */
export class MemoryDirectory {
  readonly #entries = new Map<string, Stored>();
  /** The values of each lease, by its name. */
  readonly leases = new Map<string, string[]>();
  #lastCsn = 0;
  readonly #changes$ = new Subject<DirectoryChange>();
  readonly #cut$ = new Subject<void>();
  readonly #clock: () => number;
  #count = 0;
  /** While true no operation is done or answered, and no client can connect. */
  away = false;
  /** Whether a modify returns the entry (Post-Read). */
  postRead = true;
  /** `token`: like 389 Directory Server, without the Assertion control and entryCSN. */
  fencing: Fencing = 'version';
  /** Attributes that the schema does not allow: lower-case name -> result code. */
  readonly unfit = new Map<string, number>();
  /** Returns the fault of an operation of a client, if any. */
  fault: (operation: Operation) => Fault | undefined = () => undefined;
  /** Called right before an operation is done, so that a test can write in between. */
  meanwhile: (operation: Operation) => void = () => {};
  /**
   * Sends a change to the subscribers: at once by default, or when and in the order that a test
   * decides.
   */
  telling: (tell: () => void) => void = (tell) => tell();
  /** The time that a request takes to arrive, and its response to return. */
  travel: () => Promise<void> = () => Promise.resolve();
  /** Every operation of clients, whether it was done or not. */
  readonly operations: Operation[] = [];
  /** Called for every operation of clients. */
  asked: (operation: Operation) => void = () => {};
  readonly #late: Array<() => void> = [];

  constructor(clock: () => number = () => 1_000_000) {
    this.#clock = clock;
  }

  /** Adds an account: by default an `add` that is due. */
  create(uid: string, content: Content = {}, dn = dnOf(uid)): DirectoryEntry {
    if (this.#at(dn) !== undefined) throw refusal(68);
    this.#count += 1;
    const uuid = `00000000-0000-4000-8000-${String(this.#count).padStart(12, '0')}`;
    const given: Content = {
      uid,
      sstProvisioningMode: 'add',
      sstProvisioningState: '0',
      sstProvisioningDate: '0',
      sstIsActive: 'TRUE',
      ...content,
    };
    const attributes = new Map<string, { name: string; values: string[] }>();
    for (const [name, values] of Object.entries(given)) {
      const list = typeof values === 'string' ? [values] : [...values];
      if (list.length > 0) attributes.set(name.toLowerCase(), { name, values: list });
    }
    const now = this.#stamp();
    const stored = { uuid, dn, attributes, modifiedAt: now, csn: this.#nextCsn(), modifiedBy: ADMIN };
    this.#entries.set(uuid, stored);
    this.#tell(false, stored);
    return this.#entry(stored);
  }

  /**
   * Replaces attributes, as an administrator's client does. An attribute without values is removed.
   */
  write(uid: string, content: Content, dn = dnOf(uid)): void {
    const modifications = Object.entries(content).map(
      ([attribute, values]): Modification => ({
        operation: 'replace',
        attribute,
        values: typeof values === 'string' ? [values] : values,
      }),
    );
    this.#modify(dn, modifications, ADMIN);
  }

  remove(uid: string, dn = dnOf(uid)): void {
    const stored = this.#at(dn);
    if (stored === undefined) throw refusal(32);
    this.#entries.delete(stored.uuid);
    if (isOpen(stored)) this.#changes$.next({ kind: 'left', dn: stored.dn, entryUUID: stored.uuid });
  }

  /** Gives the entry another uid and DN. */
  rename(from: string, to: string): void {
    const stored = this.#at(dnOf(from));
    if (stored === undefined) throw refusal(32);
    if (this.#at(dnOf(to)) !== undefined) throw refusal(68);
    const before = isOpen(stored);
    stored.dn = dnOf(to);
    stored.attributes.set('uid', { name: 'uid', values: [to] });
    stored.modifiedAt = this.#stamp();
    stored.csn = this.#nextCsn();
    stored.modifiedBy = ADMIN;
    this.#tell(before, stored);
  }

  has(uid: string): boolean {
    return this.#at(dnOf(uid)) !== undefined;
  }

  /** The first value of an attribute; undefined if there is none. */
  value(uid: string, name: string): string | undefined {
    return this.#at(dnOf(uid))?.attributes.get(name.toLowerCase())?.values[0];
  }

  mode(uid: string): string | undefined {
    return this.value(uid, 'sstProvisioningMode');
  }

  entry(uid: string): DirectoryEntry {
    const stored = this.#at(dnOf(uid));
    if (stored === undefined) throw refusal(32);
    return this.#entry(stored);
  }

  entries(): DirectoryEntry[] {
    return [...this.#entries.values()].map((stored) => this.#entry(stored));
  }

  /** Ends every subscription, as a restart does. */
  cut(): void {
    this.#cut$.next();
  }

  /** Whether there is a subscription. */
  get watched(): boolean {
    return this.#changes$.observed;
  }

  /** The subscription of one connection: a refresh, then changes. */
  watch(): Observable<DirectoryChange> {
    return new Observable((subscriber) => {
      if (this.away) {
        subscriber.error(new DirectoryError('connection refused'));
        return;
      }
      subscriber.add(this.#cut$.subscribe(() => subscriber.error(new DirectoryError('connection reset'))));
      subscriber.next({
        kind: 'connected',
        url: 'ldap://memory',
        protocol: 'syncrepl',
        server: 'memory',
        fencing: this.fencing,
      });
      subscriber.next({ kind: 'refreshing' });
      const open = [...this.#entries.values()].filter(isOpen).map((stored) => this.#entry(stored));
      for (const entry of open) subscriber.next({ kind: 'entry', change: 'refresh', entry });
      subscriber.next({ kind: 'refreshed', entries: open.length, milliseconds: 1 });
      subscriber.add(this.#changes$.subscribe((change) => subscriber.next(change)));
    });
  }

  /** Carries out the `late` operations. Returns their result codes, 0 for success. */
  deliver(): number[] {
    return this.#late.splice(0).map((act) => {
      try {
        act();
        return 0;
      } catch (error) {
        if (error instanceof DirectoryError && error.resultCode !== undefined) return error.resultCode;
        throw error;
      }
    });
  }

  /**
   * The periodic list: the accounts that were open at the request, delivered after the time of
   * travel.
   */
  async list(entry: (entry: DirectoryEntry) => void): Promise<void> {
    const open = await this.#operate({ kind: 'list', dn: BASE, modifications: [] }, () =>
      [...this.#entries.values()].filter(isOpen).map((stored) => this.#entry(stored)),
    );
    for (const found of open) entry(found);
  }

  /** A service's connection for operations, bound as `name`. */
  client(name = 'cn=service,dc=example,dc=org'): AccountDirectory {
    return {
      modify: (dn, modifications, { postRead, fence } = {}) =>
        this.#operate({ kind: 'modify', dn, modifications }, () => {
          const version = fence === undefined ? undefined : versionOfFence(fence);
          if (version !== undefined) this.#assert(dn, version);
          const stored = this.#modify(dn, modifications, name);
          return postRead !== undefined && this.postRead ? this.#entry(stored) : undefined;
        }),
      read: (dn) =>
        this.#operate({ kind: 'read', dn, modifications: [] }, () => {
          const stored = this.#at(dn);
          return stored === undefined ? undefined : this.#entry(stored);
        }),
      find: (uuid) =>
        this.#operate({ kind: 'find', dn: uuid, modifications: [] }, () => {
          const stored = this.#entries.get(uuid);
          return stored === undefined ? undefined : this.#entry(stored);
        }),
    };
  }

  /** A service's access to the leases. */
  leaseClient(): LeaseDirectory {
    const operate = <T>(name: string, act: () => T) =>
      this.#operate({ kind: 'lease', dn: name, modifications: [] }, act);
    return {
      add: (name, value) =>
        operate(name, () => {
          if (this.leases.has(name)) throw refusal(68);
          this.leases.set(name, [value]);
        }),
      swap: (name, from, to) =>
        operate(name, () => {
          const values = this.leases.get(name);
          if (values === undefined) throw refusal(32);
          const at = values.findIndex((value) => value.toLowerCase() === from.toLowerCase());
          if (at < 0) throw refusal(16);
          values.splice(at, 1, to);
        }),
      read: (name) => operate(name, () => this.#leaseOf(name)),
      list: (names) =>
        operate(names.join(), () => {
          const known = names.map((name) => [name, this.#leaseOf(name)] as const);
          return new Map(known.flatMap(([name, values]) => (values === undefined ? [] : [[name, values] as const])));
        }),
    };
  }

  #leaseOf(name: string): readonly string[] | undefined {
    const values = this.leases.get(name);
    return values === undefined ? undefined : [...values];
  }

  async #operate<T>(operation: Operation, act: () => T): Promise<T> {
    this.operations.push(operation);
    this.asked(operation);
    await this.travel();
    if (this.away) throw new DirectoryError('no answer');
    const fault = this.fault(operation);
    if (fault === 'lostBefore') throw new DirectoryError('no answer');
    if (fault === 'late') {
      this.#late.push(act);
      throw new DirectoryError('no answer');
    }
    if (typeof fault === 'object') throw refusal(fault.code);
    this.meanwhile(operation);
    const answer = act();
    await this.travel();
    if (this.away || fault === 'lostAfter') throw new DirectoryError('the answer was lost');
    return answer;
  }

  #assert(dn: string, entryCSN: string): void {
    const stored = this.#at(dn);
    if (stored === undefined) throw refusal(32);
    if (this.fencing === 'token') throw refusal(12);
    if (this.#entry(stored).values('entryCSN')[0]?.toString() !== entryCSN) throw refusal(122);
  }

  #modify(dn: string, modifications: readonly Modification[], modifiedBy: string): Stored {
    const stored = this.#at(dn);
    if (stored === undefined) throw refusal(32);
    const attributes = new Map(
      [...stored.attributes].map(([key, { name, values }]) => [key, { name, values: [...values] }]),
    );
    for (const modification of modifications) this.#apply(attributes, modification);
    for (const [key, { name, values }] of attributes) {
      if (values.length === 0) attributes.delete(key);
      else if (SINGLE_VALUED.test(name) && values.length > 1) throw refusal(19);
    }
    const before = isOpen(stored);
    stored.attributes = attributes;
    stored.modifiedAt = this.#stamp();
    stored.csn = this.#nextCsn();
    stored.modifiedBy = modifiedBy;
    this.#tell(before, stored);
    return stored;
  }

  #apply(
    attributes: Map<string, { name: string; values: string[] }>,
    { operation, attribute, values }: Modification,
  ): void {
    const key = attribute.toLowerCase();
    const code = this.unfit.get(key);
    if (code !== undefined && values.length > 0) throw refusal(code);
    const present = attributes.get(key) ?? { name: attribute, values: [] };
    attributes.set(key, present);
    const at = (value: string): number => present.values.findIndex((one) => one.toLowerCase() === value.toLowerCase());
    switch (operation) {
      case 'replace':
        present.values.splice(0, Infinity, ...values);
        break;
      case 'delete':
        if (present.values.length === 0) throw refusal(16);
        if (values.some((value) => at(value) < 0)) throw refusal(16);
        if (values.length === 0) present.values.length = 0;
        for (const value of values) present.values.splice(at(value), 1);
        break;
      case 'add':
        if (values.some((value) => at(value) >= 0)) throw refusal(20);
        present.values.push(...values);
        break;
    }
  }

  #tell(before: boolean, stored: Stored): void {
    const after = isOpen(stored);
    if (!after && !before) return;
    const change: DirectoryChange = after
      ? { kind: 'entry', change: before ? 'modify' : 'add', entry: this.#entry(stored) }
      : { kind: 'left', dn: stored.dn, entryUUID: stored.uuid };
    this.telling(() => this.#changes$.next(change));
  }

  #at(dn: string): Stored | undefined {
    return [...this.#entries.values()].find((stored) => isSameDn(stored.dn, dn));
  }

  #entry(stored: Stored): DirectoryEntry {
    return asEntry(stored, this.fencing);
  }

  #nextCsn(): number {
    this.#lastCsn += 1;
    return this.#lastCsn;
  }

  #stamp(): number {
    return Math.floor(this.#clock() / 1000) * 1000;
  }
}

function isOpen({ attributes }: Stored): boolean {
  return attributes.get('sstprovisioningstate')?.values[0] === '0';
}

function asEntry({ dn, uuid, attributes, modifiedAt, csn, modifiedBy }: Stored, fencing: Fencing): DirectoryEntry {
  const stamp = generalizedTime(modifiedAt);
  const own = Object.fromEntries([...attributes.values()].map(({ name, values }) => [name, [...values]]));
  const entryCSN = `${stamp.slice(0, -1)}.000000Z#${csn.toString(16).padStart(6, '0')}#000#000000`;
  const version = fencing === 'version' ? { entryCSN } : {};
  return entryOf(dn, {
    ...own,
    entryUUID: uuid,
    modifyTimestamp: stamp,
    modifiersName: modifiedBy,
    ...version,
  });
}

function generalizedTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

function refusal(resultCode: number): DirectoryError {
  return new DirectoryError(`the directory answered ${resultCode}`, { resultCode });
}
