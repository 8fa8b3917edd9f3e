import { TryNextServer } from '../domain/directory-error.ts';

/**
 * The servers that lag: they show older versions of accounts than the service has seen. The service
 * leaves each once for the next URL of `directory.url`, which may be newer. If all lag, or no other
 * answers, it stays.
 *
 * States of a server: not behind -> behind (left for the next server) -> behind (the service stays)
 * -> not behind.
 */
export class LaggingServers {
  readonly #urls: () => readonly string[];
  readonly #behind = new Set<string>();

  /** `urls` returns all servers that may be used now. */
  constructor(urls: () => readonly string[]) {
    this.#urls = urls;
  }

  /**
   * Called when the server at `url` has listed the open accounts. Returns the error with which to
   * leave it, or undefined to stay.
   */
  refreshed(url: string, isBehind: boolean): TryNextServer | undefined {
    if (!isBehind) {
      this.#behind.clear();
      return undefined;
    }
    if (this.#behind.has(url)) return undefined;
    this.#behind.add(url);
    if (this.#urls().every((each) => this.#behind.has(each))) return undefined;
    return new TryNextServer(`${url}: the server shows accounts older than they are known: it lags, or was restored`, {
      remedy: 'see to its replication; meanwhile the next server of directory.url is tried',
    });
  }
}
