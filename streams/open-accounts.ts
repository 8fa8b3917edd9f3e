import type { AccountRecord } from '../src/domain/account.ts';

interface Known {
  readonly dn: string;
  readonly uid: string;
  generation: number;
  fingerprint: string;
  /** What this service wrote last, as it will be echoed; undefined where it wrote nothing that still stands. */
  written: string | undefined;
  /** From the claim until the outcome is written: what happens to the entry is found out by the write-back. */
  working: boolean;
}

/** An account that is no longer among the searched content. */
export interface Left {
  readonly id: string;
  readonly dn: string;
  readonly uid: string;
  readonly working: boolean;
}

/** How a sighting relates to what is known of the account. */
export interface Sighting {
  readonly id: string;
  /** The change is this service's own write coming back, or shows an account as this service left it. */
  readonly own: boolean;
  /** Nothing that decides has changed since the last sighting. */
  readonly unchanged: boolean;
  /** This service is at work on it. */
  readonly working: boolean;
}

/** Echoes of finished accounts that may still be under way. */
const REMEMBERED_SETTLEMENTS = 4096;

/**
 * The accounts among the searched content, as far as the stream has told: who they are, and what this service wrote to
 * them. It answers which of them a completed refresh or list no longer holds, and which changes are only echoes. Bounded by
 * the accounts that are open. It never says what to do with an account: that says the entry.
 */
export class OpenAccounts {
  readonly #known = new Map<string, Known>();
  readonly #idByDn = new Map<string, string>();
  /** id -> the claim's fingerprint, oldest first: a claim's echo may arrive after the account was finished. */
  readonly #settled = new Map<string, string>();
  #generation = 0;

  get size(): number {
    return this.#known.size;
  }

  /** An account was sent. `live`: as a change, not as part of a refresh or list. */
  seen(record: AccountRecord, live: boolean): Sighting {
    const id = identityOf(record);
    const fingerprint = fingerprintOf(record);
    const known = this.#known.get(id);
    if (known === undefined) {
      if (live && this.#settled.get(id) === fingerprint) return { id, own: true, unchanged: true, working: false };
      this.#settled.delete(id);
      this.#remember(id, record, { generation: this.#generation, fingerprint, written: undefined, working: false });
      return { id, own: false, unchanged: false, working: false };
    }
    const unchanged = known.fingerprint === fingerprint;
    const own = known.written === fingerprint;
    if (known.dn !== record.dn || known.uid !== record.uid) {
      this.#forgetDn(known.dn, id);
      this.#remember(id, record, { ...known, fingerprint, generation: this.#generation });
    } else {
      known.fingerprint = fingerprint;
      known.generation = this.#generation;
    }
    return { id, own, unchanged, working: known.working };
  }

  /** An entry has left the searched content. Answers which account that was; undefined where it was not known. */
  left(dn: string, entryUUID: string | undefined): Left | undefined {
    const byUUID = entryUUID !== undefined && this.#known.has(entryUUID) ? entryUUID : undefined;
    const id = byUUID ?? this.#idByDn.get(dn.toLowerCase());
    return id === undefined ? undefined : this.#remove(id);
  }

  /** A refresh or a list begins. Answers its number, to be given to `endOf`. */
  begin(): number {
    this.#generation += 1;
    return this.#generation;
  }

  /** A refresh or list is complete: answers, and forgets, the accounts that have not been seen since it began. */
  endOf(generation: number): Left[] {
    const missing = [...this.#known].filter(([, known]) => known.generation < generation);
    return missing.flatMap(([id]) => this.#remove(id) ?? []);
  }

  /** This service wrote to the account, which now stands as `record`. */
  wrote(id: string, record: AccountRecord, { working }: { working: boolean }): void {
    const known = this.#known.get(id);
    const written = fingerprintOf(record);
    if (known === undefined) {
      this.#remember(id, record, { generation: this.#generation, fingerprint: written, written, working });
    } else {
      known.written = written;
      known.fingerprint = written;
      known.working = working;
    }
  }

  /** The account is no longer this service's own: whatever is seen of it is news again. */
  release(id: string): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.written = undefined;
    known.working = false;
  }

  /** The account is finished and no longer open. */
  settle(id: string): void {
    const written = this.#known.get(id)?.written;
    this.#remove(id);
    if (written === undefined) return;
    this.#settled.delete(id);
    this.#settled.set(id, written);
    if (this.#settled.size > REMEMBERED_SETTLEMENTS) {
      const oldest = this.#settled.keys().next();
      if (!oldest.done) this.#settled.delete(oldest.value);
    }
  }

  #remember(id: string, { dn, uid }: AccountRecord, rest: Omit<Known, 'dn' | 'uid'>): void {
    this.#known.set(id, { dn, uid, ...rest });
    this.#idByDn.set(dn.toLowerCase(), id);
  }

  #remove(id: string): Left | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    this.#known.delete(id);
    this.#forgetDn(known.dn, id);
    return { id, dn: known.dn, uid: known.uid, working: known.working };
  }

  #forgetDn(dn: string, id: string): void {
    const key = dn.toLowerCase();
    if (this.#idByDn.get(key) === id) this.#idByDn.delete(key);
  }
}

/** What tells one account from another: the entryUUID (RFC 4530), or the DN where the server keeps none. */
export function identityOf(record: Pick<AccountRecord, 'entryUUID' | 'dn'>): string {
  return record.entryUUID ?? record.dn.toLowerCase();
}

/** All that a decision depends on, as LDAP compares it. */
function fingerprintOf(record: AccountRecord): string {
  const { mode, state, date, active, returnValue } = record;
  return [mode, state, date?.value ?? '', String(active), returnValue ?? '']
    .map((value) => value.trim().toLowerCase())
    .join('\n');
}
