import { comparableDn } from '../src/domain/dn.ts';
import { LargeMap } from '../src/domain/large-map.ts';
import type { Known } from './known-account.ts';

/** Finds what is remembered of an account, by its id or by its DN. */
export class AccountIndex {
  readonly #byId = new LargeMap<Known>();
  readonly #idByDn = new LargeMap<string>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Known | undefined {
    return this.#byId.get(id);
  }

  entries(): IterableIterator<[string, Known]> {
    return this.#byId.entries();
  }

  /**
   * The account with an entryUUID, or else the one that has the DN now, which may be another entry
   * than the one meant.
   */
  idOf(dn: string, entryUUID: string | undefined): string | undefined {
    if (entryUUID !== undefined && this.#byId.get(entryUUID) !== undefined) return entryUUID;
    const key = comparableDn(dn);
    const id = this.#idByDn.get(key);
    return entryUUID === undefined || id === key ? id : undefined;
  }

  /** Remembers the account so, whatever its DN was before. */
  set(id: string, known: Known): void {
    this.#forgetDn(id);
    this.#byId.set(id, known);
    this.#idByDn.set(comparableDn(known.dn), id);
  }

  delete(id: string): void {
    this.#forgetDn(id);
    this.#byId.delete(id);
  }

  /** Another account may have taken the DN over. */
  #forgetDn(id: string): void {
    const known = this.#byId.get(id);
    if (known === undefined) return;
    const key = comparableDn(known.dn);
    if (this.#idByDn.get(key) === id) this.#idByDn.delete(key);
  }
}
