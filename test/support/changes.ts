import { EventEmitter, once } from 'node:events';
import type { Observable, Subscription } from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { Authentication, ClientCertificateFiles, DirectoryAccess } from '../../src/ldap/access.ts';
import { type SubscriptionOptions, subscribeOnce } from '../../streams/subscription.ts';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from './accounts.ts';

export const OPEN_ACCOUNTS = '(&(objectClass=sstProvisioning)(sstProvisioningState=0))';

type Overrides = Partial<Omit<SubscriptionOptions, 'access'>> &
  Partial<Pick<DirectoryAccess, 'startTls' | 'timeoutMilliseconds'>> & {
    readonly caFile?: string;
    readonly client?: ClientCertificateFiles;
    /** null: the bind is anonymous. */
    readonly bindDn?: string | null;
    readonly readPassword?: () => Promise<string>;
    readonly external?: true;
  };

/** The subscription of a service at the URL, with the tests' bind account. */
export function subscription(url: string, overrides: Overrides = {}): SubscriptionOptions {
  const { startTls, caFile, client, bindDn, readPassword, external, timeoutMilliseconds, ...others } = overrides;
  const simple: Authentication = {
    method: 'simple',
    dn: bindDn ?? SERVICE_DN,
    readPassword: readPassword ?? (() => Promise.resolve(SERVICE_PASSWORD)),
  };
  return {
    access: {
      urls: [url],
      startTls: startTls ?? false,
      tls: { caFile: caFile ?? null, client: client === undefined ? null : { ...client, now: () => Date.now() } },
      authentication: external ? { method: 'external' } : bindDn === null ? { method: 'anonymous' } : simple,
      timeoutMilliseconds: timeoutMilliseconds ?? 10_000,
    },
    url,
    base: BASE,
    filter: OPEN_ACCOUNTS,
    attributes: ['uid', 'sstProvisioningMode', 'sstProvisioningState', 'entryUUID'],
    protocol: 'syncrepl',
    deadAfterMilliseconds: 20_000,
    ...others,
  };
}

/** Records everything that a subscription emits, and its error. */
export class Changes {
  readonly all: DirectoryChange[] = [];
  error: DirectoryError | undefined;
  readonly #news = new EventEmitter().setMaxListeners(0);
  readonly #subscription: Subscription;

  constructor(changes$: Observable<DirectoryChange>) {
    this.#subscription = changes$.subscribe({
      next: (change) => {
        this.all.push(change);
        this.#news.emit('news');
      },
      error: (error: unknown) => {
        this.error =
          error instanceof DirectoryError ? error : new DirectoryError(`not a DirectoryError: ${String(error)}`);
        this.#news.emit('news');
      },
    });
  }

  /** The changes in short form: `refresh uid=1`, `left uid=1`, `refreshed 2`, ... */
  get short(): string[] {
    return this.all.map((change) => {
      switch (change.kind) {
        case 'entry':
          return `${change.change} ${rdn(change.entry.dn)}`;
        case 'left':
          return `left ${rdn(change.dn)}`;
        case 'refreshed':
          return `refreshed ${change.entries}`;
        default:
          return change.kind;
      }
    });
  }

  /** Waits until `wanted` returns true. Rejects if the subscription ends before. */
  async until(wanted: (short: readonly string[]) => boolean): Promise<void> {
    await this.#wait(() => this.error !== undefined || wanted(this.short));
    if (!wanted(this.short)) throw this.error ?? new Error('the subscription ended');
  }

  /** Waits until the subscription has emitted this change, in short form. */
  emitted(what: string): Promise<void> {
    return this.until((short) => short.includes(what));
  }

  /** Waits for the error that ends the subscription. */
  async ended(): Promise<DirectoryError> {
    await this.#wait(() => this.error !== undefined);
    return this.error as DirectoryError;
  }

  /** Forgets the changes so far. */
  forget(): void {
    this.all.length = 0;
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  async #wait(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(20_000);
    while (!condition()) {
      await once(this.#news, 'news', { signal }).catch((cause: unknown) => {
        throw new Error(`the subscription emitted only: ${this.short.join(', ')}`, { cause });
      });
    }
  }
}

/** Subscribes at once. See `subscription` for the overrides. */
export function subscribe(url: string, overrides: Overrides = {}): Changes {
  return new Changes(subscribeOnce(subscription(url, overrides)));
}

function rdn(dn: string): string {
  return dn.split(',')[0] ?? '';
}
