import { mergeMap, type Observable, Subject, throwError } from 'rxjs';
import type { DirectoryError } from './domain/directory-error.ts';
import { LaggingServers } from './lagging-servers.ts';

/**
 * The server that the subscription is connected to.
 *
 * none -> connected -> subscribed (the refresh is complete) -> none (`disconnected`, from any)
 */
export class ServerInUse {
  /** Fails when the subscription is to be given up though its connection stands. */
  readonly givenUp$: Observable<never>;
  readonly #useless$ = new Subject<DirectoryError>();
  readonly #urls: readonly string[];
  readonly #lagging: LaggingServers;
  #url: string | undefined;
  #subscribed = false;

  /** All servers that may be used. */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
    this.#lagging = new LaggingServers(urls);
    this.givenUp$ = this.#useless$.pipe(mergeMap((error) => throwError(() => error)));
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  connected(url: string): void {
    this.#url = url;
  }

  /** `isBehind`: it shows accounts older than they are known. */
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
   * A server referred a write to another one. A replica can be read and not written: the
   * subscription moves to another server, and writes with it. What comes from a server that was
   * left already says nothing about the next.
   */
  referred(error: DirectoryError, url: string): void {
    if (this.#urls.length > 1 && url === this.#url) this.giveUp(error);
  }

  /** The subscription is of no use: it is made anew, on the next server if there is one. */
  giveUp(error: DirectoryError): void {
    this.#useless$.next(error);
  }
}
