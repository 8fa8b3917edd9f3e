import { TryNextServer } from '../domain/directory-error.ts';

/**
 * Remembers which servers lag. A server lags if it shows older versions of accounts than the
 * service has seen. The service leaves such a server once for the next URL of `directory.url`,
 * whose server may be newer. If all servers lag, or no other one answers, the service stays.
 *
 * States of a server: not behind -> behind (the service leaves it) -> behind (the service stays) ->
 * not behind.
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
      remedy: 'check its replication; meanwhile the next server of directory.url is tried',
    });
  }
}
