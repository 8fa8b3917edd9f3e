import { comparableDn, isSameDn } from '../../src/domain/dn.ts';
import { LargeMap } from '../../src/domain/large-map.ts';
import type { OpenAccount } from './open-account.ts';

/**
 * The remembered accounts, by id and by DN. Only servers without entryUUIDs name accounts by their
 * DN alone. So the index by DN is created when it is needed for the first time.
 */
export class AccountIndex {
  readonly #byId = new LargeMap<OpenAccount>();
  #idByDn: LargeMap<string> | undefined;

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
    const key = comparableDn(dn);
    if (entryUUID === undefined) return this.#ids().get(key);
    return [entryUUID, key].find((id) => this.#byId.has(id));
  }

  /** Remembers the account, also if its DN has changed. */
  set(id: string, account: OpenAccount): void {
    const before = this.#byId.get(id);
    this.#byId.set(id, account);
    if (this.#idByDn === undefined || (before !== undefined && isSameDn(before.dn, account.dn))) return;
    if (before !== undefined) this.#forgetDn(id, before.dn);
    this.#idByDn.set(comparableDn(account.dn), id);
  }

  delete(id: string): void {
    const before = this.#byId.get(id);
    if (before === undefined) return;
    this.#forgetDn(id, before.dn);
    this.#byId.delete(id);
  }

  #ids(): LargeMap<string> {
    if (this.#idByDn !== undefined) return this.#idByDn;
    const ids = new LargeMap<string>();
    for (const [id, { dn }] of this.#byId.entries()) ids.set(comparableDn(dn), id);
    this.#idByDn = ids;
    return ids;
  }

  /** Does nothing if another account has the DN now. */
  #forgetDn(id: string, dn: string): void {
    if (this.#idByDn === undefined) return;
    const key = comparableDn(dn);
    if (this.#idByDn.get(key) === id) this.#idByDn.delete(key);
  }
}
