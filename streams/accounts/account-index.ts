import { comparableDn, isSameDn } from '../../src/domain/dn.ts';
import { LargeMap } from '../../src/domain/large-map.ts';
import type { OpenAccount } from './open-account.ts';

/** Finds what is remembered of an account, by its id or its DN. */
export class AccountIndex {
  readonly #byId = new LargeMap<OpenAccount>();
  readonly #idByDn = new LargeMap<string>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): OpenAccount | undefined {
    return this.#byId.get(id);
  }

  entries(): IterableIterator<[string, OpenAccount]> {
    return this.#byId.entries();
  }

  /**
   * Returns the id of the account with this entryUUID; if there is none, that of an account with
   * this DN whose entryUUID is not known. Without an `entryUUID`, returns the id of the account
   * that has the DN now, which may be another entry than the one that was meant.
   */
  idOf(dn: string, entryUUID: string | undefined): string | undefined {
    if (entryUUID !== undefined && this.#byId.get(entryUUID) !== undefined) return entryUUID;
    const key = comparableDn(dn);
    const id = this.#idByDn.get(key);
    return entryUUID === undefined || id === key ? id : undefined;
  }

  /** Remembers the account, whatever its DN was before. */
  set(id: string, account: OpenAccount): void {
    const before = this.#byId.get(id);
    this.#byId.set(id, account);
    if (before !== undefined && isSameDn(before.dn, account.dn)) return;
    if (before !== undefined) this.#forgetDn(id, before.dn);
    this.#idByDn.set(comparableDn(account.dn), id);
  }

  delete(id: string): void {
    const before = this.#byId.get(id);
    if (before === undefined) return;
    this.#forgetDn(id, before.dn);
    this.#byId.delete(id);
  }

  /** Does nothing if another account has the DN by now. */
  #forgetDn(id: string, dn: string): void {
    const key = comparableDn(dn);
    if (this.#idByDn.get(key) === id) this.#idByDn.delete(key);
  }
}
