import { TryNextServer } from './domain/directory-error.ts';

/**
 * Which servers show accounts older than they are known, since one did not: each is left once for the next one of `directory.url`,
 * which may be further. Where all of them lag, or the others do not answer, the service stays where it is.
 *
 * not behind -> behind (left for the next server) -> behind (stayed with) -> not behind
 */
export class LaggingServers {
  readonly #urls: readonly string[];
  readonly #behind = new Set<string>();

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The server at the URL has listed the open accounts. Answers why it is to be left, or undefined. */
  refreshed(url: string, isBehind: boolean): TryNextServer | undefined {
    if (!isBehind) {
      this.#behind.clear();
      return undefined;
    }
    if (this.#behind.has(url)) return undefined;
    this.#behind.add(url);
    if (this.#urls.every((each) => this.#behind.has(each))) return undefined;
    return new TryNextServer(`${url}: the server shows accounts older than they are known: it lags, or was restored`, {
      remedy: 'see to its replication; meanwhile the next server of directory.url is tried',
    });
  }
}
