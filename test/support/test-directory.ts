import ldapjs from 'ldapjs';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import { type Attributes, accountAttributes, accountDn, BASE, type DirectoryLogin, type Value } from './accounts.ts';
import { attempt, type CommandResult } from './children.ts';
import { type Observer, startObserver } from './observer.ts';

export interface WaitOptions {
  /**
   * The time in milliseconds after which waiting fails with the state of the entry. Default:
   * 20,000.
   */
  readonly timeout?: number;
}

/**
 * Writes to and reads from a real directory as its administrator, with any server. It has one
 * connection, which is opened at the first use and again after a failure. A request rejects while
 * the server is down; `waitFor` waits for it.
 */
export class TestDirectory {
  readonly login: DirectoryLogin;
  #connecting: Promise<ldapjs.Client> | undefined;
  readonly #observers = new Set<Observer>();

  constructor(login: DirectoryLogin) {
    this.login = login;
  }

  /**
   * Adds a complete, finished account with `overrides`. A request is `{sstProvisioningMode: 'add',
   * sstProvisioningState: '0'}`.
   */
  async addAccount(uid: string, overrides: Attributes = {}): Promise<string> {
    const dn = accountDn(uid);
    await this.add(dn, accountAttributes(uid, overrides));
    return dn;
  }

  /** Requests work on an existing account: one modify of mode, state, date and `extra`. */
  async request(uid: string, mode: string, extra: Attributes = {}): Promise<void> {
    await this.modify(accountDn(uid), {
      sstProvisioningMode: mode,
      sstProvisioningState: '0',
      sstProvisioningDate: '0',
      ...extra,
    });
  }

  async add(dn: string, attributes: Attributes): Promise<void> {
    const client = await this.#connected();
    const list = Object.entries(attributes).map(([type, given]) => attribute(type, given));
    await settle((done) => client.add(dn, list as never, done));
  }

  /** Replaces each given attribute. One without values is removed. */
  async modify(dn: string, replacements: Attributes): Promise<void> {
    const client = await this.#connected();
    const changes = Object.entries(replacements).map(
      ([type, given]) => new ldapjs.Change({ operation: 'replace', modification: attribute(type, given) }),
    );
    await settle((done) => client.modify(dn, changes, done));
  }

  async delete(dn: string): Promise<void> {
    const client = await this.#connected();
    await settle((done) => client.del(dn, done));
  }

  /** Renames the entry, or moves it if `newDn` has another parent. */
  async rename(dn: string, newDn: string): Promise<void> {
    const client = await this.#connected();
    await settle((done) => client.modifyDN(dn, newDn, done));
  }

  /** The entry with its operational attributes; undefined if there is none. */
  async readEntry(dn: string): Promise<DirectoryEntry | undefined> {
    return (await this.search(dn, '(objectClass=*)', 'base'))[0];
  }

  async read(uid: string): Promise<DirectoryEntry | undefined> {
    return this.readEntry(accountDn(uid));
  }

  async search(
    base = BASE,
    filter = '(objectClass=*)',
    scope: 'base' | 'one' | 'sub' = 'sub',
  ): Promise<DirectoryEntry[]> {
    const client = await this.#connected();
    return new Promise((resolve, reject) => {
      client.search(base, { filter, scope, attributes: ['*', '+'] }, (error, response) => {
        if (error) return reject(error);
        const entries: DirectoryEntry[] = [];
        response.on('searchEntry', (found) => {
          const attributes = found.attributes.map(({ type, buffers }) => [type, buffers] as const);
          entries.push(entryOf(found.objectName ?? '', Object.fromEntries(attributes)));
        });
        response.on('error', (failure) => {
          if (failure instanceof ldapjs.NoSuchObjectError) resolve([]);
          else reject(failure);
        });
        response.on('end', () => resolve(entries));
      });
    });
  }

  /**
   * Waits until `wanted` returns true for the account's entry (undefined if there is none), even
   * over restarts of the server.
   */
  async waitFor(
    uid: string,
    wanted: (entry: DirectoryEntry | undefined) => boolean,
    options: WaitOptions = {},
  ): Promise<DirectoryEntry | undefined> {
    const deadline = Date.now() + (options.timeout ?? 20_000);
    let last = 'could not be read';
    for (;;) {
      try {
        const entry = await this.read(uid);
        if (wanted(entry)) return entry;
        last = entry === undefined ? 'does not exist' : describe(entry);
      } catch (error) {
        last = `could not be read: ${String(error)}`;
      }
      if (Date.now() > deadline) throw new Error(`account ${uid} did not become as expected; it ${last}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until the account has this mode. */
  async waitForMode(uid: string, mode: string, options: WaitOptions = {}): Promise<DirectoryEntry> {
    const entry = await this.waitFor(
      uid,
      (found) => found !== undefined && text(found, 'sstProvisioningMode') === mode,
      options,
    );
    if (entry === undefined) throw new Error('the entry vanished');
    return entry;
  }

  /**
   * Watches the accounts as another client would (`ldapsearch -E '!sync=rp'`). Resolves when it has
   * the initial content.
   */
  async observer(filter = '(objectClass=sstProvisioning)'): Promise<Observer> {
    const observer = await startObserver(this.login, filter);
    this.#observers.add(observer);
    return observer;
  }

  /** Loads LDIF with the real `ldapmodify -a`. */
  async load(ldif: string, options: readonly string[] = []): Promise<CommandResult> {
    const { url, dn, password } = this.login;
    const args = ['-a', '-x', '-H', url, '-D', dn, '-w', password, ...options];
    return attempt('ldapmodify', args, { input: ldif });
  }

  /** Ends the connection and the observers. The server stays. */
  async disconnect(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    client?.destroy();
    this.#connecting = undefined;
    await Promise.all([...this.#observers].map((observer) => observer.stop()));
    this.#observers.clear();
  }

  #connected(): Promise<ldapjs.Client> {
    if (this.#connecting !== undefined) return this.#connecting;
    const connecting = bind(this.login);
    this.#connecting = connecting;
    const forget = () => {
      if (this.#connecting === connecting) this.#connecting = undefined;
    };
    connecting.then((client) => {
      const drop = () => {
        forget();
        client.destroy();
      };
      client.on('error', drop);
      client.on('close', drop);
    }, forget);
    return connecting;
  }
}

/** Opens a connection and binds. Rejects if there is no server, or if it refuses the bind. */
export async function bind(login: DirectoryLogin, timeout = 5_000): Promise<ldapjs.Client> {
  const client = ldapjs.createClient({ url: login.url, connectTimeout: timeout, timeout });
  try {
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('connectError', reject);
      client.on('connectRefused', reject);
      client.on('connect', () => client.bind(login.dn, login.password, (error) => (error ? reject(error) : resolve())));
    });
  } catch (error) {
    client.destroy();
    throw error;
  }
  return client;
}

/** The first value of an attribute as text; empty if there is none. */
export function text(entry: DirectoryEntry, name: string): string {
  return entry.values(name)[0]?.toString('utf8') ?? '';
}

function describe(entry: DirectoryEntry): string {
  const shown = [...entry.attributes()].filter(([name]) => /^(sst|modifyTimestamp)/i.test(name));
  return `has ${shown.map(([name, values]) => `${name}=${values.join('|')}`).join(' ')}`;
}

function attribute(type: string, given: Value | readonly Value[]): ldapjs.Attribute {
  const values = typeof given === 'string' || Buffer.isBuffer(given) ? [given] : given;
  const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : value));
  return new ldapjs.Attribute({ type, values: bytes as never });
}

function settle(operation: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => operation((error) => (error ? reject(error) : resolve())));
}
