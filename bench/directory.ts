import { firstValueFrom, type Subscription, share, take, filter as where } from 'rxjs';
import type { DirectoryAccess } from '../src/ldap/access.ts';
import type { Connection } from '../src/ldap/connection.ts';
import { openConnection } from '../src/ldap/open-connection.ts';
import { readLdapResult } from '../src/ldap/wire/ldap-result.ts';
import { encodeModify } from '../src/ldap/wire/write-request.ts';
import { subscribeOnce } from '../streams/subscription.ts';
import { accountDn, BASE, manyAccounts } from '../test/support/accounts.ts';
import { type Slapd, startSlapd } from '../test/support/slapd.ts';
import type { TestDirectory } from '../test/support/test-directory.ts';

const FIRST_UID = 1_000_000;
/** The number of concurrent requests. slapd closes a connection with a thousand unanswered ones. */
const CONCURRENT_REQUESTS = 200;

/** The uids of the first `count` accounts of a directory. */
export function uids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(FIRST_UID + index));
}

/** Starts a slapd with this number of finished accounts. */
export function startDirectory(accounts: number): Promise<Slapd> {
  return startSlapd({ preload: manyAccounts(accounts, {}, FIRST_UID), maxSize: 2 ** 30 + accounts * 8192 });
}

/** Requests accounts as an administrator would, and observes them as any other client would. */
export class Administrator {
  readonly #connection: Connection;
  readonly #watch: Subscription;
  readonly #abort: AbortController;
  #finished: (uid: string) => void = () => {};

  private constructor(connection: Connection, abort: AbortController, watch: (a: Administrator) => Subscription) {
    this.#connection = connection;
    this.#abort = abort;
    this.#watch = watch(this);
  }

  static async connect({ login }: TestDirectory): Promise<Administrator> {
    const abort = new AbortController();
    const access: DirectoryAccess = {
      urls: [login.url],
      startTls: false,
      tls: { caFile: null, client: null },
      authentication: { method: 'simple', dn: login.dn, readPassword: async () => login.password },
      timeoutMilliseconds: 30_000,
    };
    const connection = await openConnection(access, login.url, abort.signal);
    const content = { base: BASE, filter: '(sstProvisioningMode=added)', attributes: ['1.1'] };
    const options = {
      access,
      url: login.url,
      ...content,
      protocol: 'syncrepl',
      deadAfterMilliseconds: 600_000,
    } as const;
    const changes$ = subscribeOnce(options).pipe(share());
    const refreshed = firstValueFrom(
      changes$.pipe(
        where(({ kind }) => kind === 'refreshed'),
        take(1),
      ),
    );
    const administrator = new Administrator(connection, abort, (self) =>
      changes$.subscribe((change) => {
        if (change.kind === 'entry' && change.change !== 'refresh')
          self.#finished(change.entry.dn.slice(4, change.entry.dn.indexOf(',')));
      }),
    );
    await refreshed;
    return administrator;
  }

  /** Requests one account to be added. Resolves when the directory has accepted it. */
  request(uid: string): Promise<void> {
    return this.replace(accountDn(uid), { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  }

  /** Replaces values of an entry. Resolves when the directory has accepted it. */
  async replace(dn: string, values: Readonly<Record<string, string>>): Promise<void> {
    const modifications = Object.entries(values).map(
      ([name, value]) => ({ operation: 'replace', name, values: [Buffer.from(value)] }) as const,
    );
    const { resultCode, diagnosticMessage } = await this.#connection.ask(
      encodeModify(dn, modifications),
      readLdapResult,
    );
    if (resultCode !== 0) throw new Error(`the write to ${dn} was refused: ${resultCode} ${diagnosticMessage}`);
  }

  /** Requests all accounts as fast as the directory accepts them. */
  async requestAll(wanted: readonly string[]): Promise<void> {
    const queue = wanted.values();
    const sendOneByOne = async (): Promise<void> => {
      for (const uid of queue) await this.request(uid);
    };
    await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, sendOneByOne));
  }

  /**
   * Resolves when all accounts were seen `added`. Rejects after the time, with the number of
   * missing ones.
   */
  whenAdded(wanted: readonly string[], withinMilliseconds = 120_000): Promise<void> {
    const open = new Set(wanted);
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(
        () => reject(new Error(`${open.size} of ${wanted.length} accounts not added within ${withinMilliseconds} ms`)),
        withinMilliseconds,
      );
      this.#finished = (uid) => {
        open.delete(uid);
        if (open.size > 0) return;
        clearTimeout(tooLate);
        resolve();
      };
    });
  }

  close(): void {
    this.#watch.unsubscribe();
    this.#abort.abort();
  }
}
