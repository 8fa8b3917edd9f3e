import { type Observable, Subject } from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import type { AccountDirectory } from '../../src/domain/directory.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';

/**
 * The minimal directory for the stream, fast and without a history: it holds the open accounts,
 * echoes each write to the subscription, and forgets a finished account. A new request for the uid
 * is a new entry.
 */
export class SoakDirectory implements AccountDirectory {
  readonly #changes$ = new Subject<DirectoryChange>();
  readonly #open = new Map<string, Map<string, string>>();
  /** Called for each finished account. */
  finished: (uid: string) => void = () => {};

  get changes$(): Observable<DirectoryChange> {
    return this.#changes$;
  }

  get size(): number {
    return this.#open.size;
  }

  tell(change: DirectoryChange): void {
    this.#changes$.next(change);
  }

  /** Requests work on an account. */
  ask(uid: string): void {
    const attributes = new Map([
      ['uid', uid],
      ['entryuuid', uuidOf(uid)],
      ['sstprovisioningmode', 'add'],
      ['sstprovisioningstate', '0'],
      ['sstprovisioningdate', '0'],
      ['sstisactive', 'TRUE'],
    ]);
    const dn = dnOf(uid);
    this.#open.set(dn, attributes);
    this.tell({ kind: 'entry', change: 'add', entry: entryOf(dn, Object.fromEntries(attributes)) });
  }

  async modify(...[dn, modifications]: Parameters<AccountDirectory['modify']>): Promise<DirectoryEntry> {
    await turn();
    const attributes = this.#open.get(dn);
    if (attributes === undefined) throw new DirectoryError('no such object', { resultCode: 32 });
    for (const { operation, attribute, values } of modifications) {
      const name = attribute.toLowerCase();
      const [value] = values;
      if (operation === 'delete' && value !== attributes.get(name)) {
        throw new DirectoryError('no such attribute', { resultCode: 16 });
      }
      if (operation === 'delete' || value === undefined) attributes.delete(name);
      else attributes.set(name, value);
    }
    const entry = entryOf(dn, Object.fromEntries(attributes));
    if (attributes.get('sstprovisioningstate') === '0') {
      this.tell({ kind: 'entry', change: 'modify', entry });
      return entry;
    }
    const uid = attributes.get('uid') ?? '';
    this.#open.delete(dn);
    this.tell({ kind: 'left', dn, entryUUID: uuidOf(uid) });
    this.finished(uid);
    return entry;
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    await turn();
    const attributes = this.#open.get(dn);
    return attributes === undefined ? undefined : entryOf(dn, Object.fromEntries(attributes));
  }

  async find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    await turn();
    for (const [dn, attributes] of this.#open) {
      if (attributes.get('entryuuid') === entryUUID) return entryOf(dn, Object.fromEntries(attributes));
    }
    return undefined;
  }
}

export function dnOf(uid: string): string {
  return `uid=${uid},ou=accounts,ou=backup,ou=services,dc=stoney-cloud,dc=org`;
}

export function uuidOf(uid: string): string {
  return `00000000-0000-4000-8000-${uid.padStart(12, '0')}`;
}

/** A response never comes in the same turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
