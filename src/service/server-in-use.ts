import { mergeMap, type Observable, Subject, throwError } from 'rxjs';
import type { DirectoryError } from '../domain/directory-error.ts';
import { LaggingServers } from '../ldap/lagging-servers.ts';

/**
 * The server that the subscription is connected to.
 *
 * States: none -> connected -> subscribed (the refresh is complete) -> none (`disconnected`, from
 * any).
 */
export class ServerInUse {
  /** Fails when the subscription has to be given up although its connection works. */
  readonly givenUp$: Observable<never>;
  /** Emits the reason for which the subscription is given up. */
  readonly #errors$ = new Subject<DirectoryError>();
  readonly #urls: () => readonly string[];
  readonly #lagging: LaggingServers;
  #url: string | undefined;
  #subscribed = false;

  /** `urls` returns all servers that may be used now. */
  constructor(urls: () => readonly string[]) {
    this.#urls = urls;
    this.#lagging = new LaggingServers(urls);
    this.givenUp$ = this.#errors$.pipe(mergeMap((error) => throwError(() => error)));
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  connected(url: string): void {
    this.#url = url;
  }

  /** `isBehind`: the server shows older versions of accounts than the service has seen. */
  refreshed(isBehind: boolean): void {
    this.#subscribed = true;
    const behind = this.#url === undefined ? undefined : this.#lagging.refreshed(this.#url, isBehind);
    if (behind !== undefined) queueMicrotask(() => this.giveUp(behind));
  }

  disconnected(): void {
    this.#url = undefined;
    this.#subscribed = false;
  }

  /**
   * Called when a server answers a write with a referral. That server is a read-only replica, so
   * the subscription and the writes move to the next server, if there is one. A referral from a
   * server that the service has already left is ignored.
   */
  referred(error: DirectoryError, url: string): void {
    if (this.#urls().length > 1 && url === this.#url) this.giveUp(error);
  }

  /** Ends the subscription. A new one is made, on the next server if there is one. */
  giveUp(error: DirectoryError): void {
    this.#errors$.next(error);
  }
}
