import type { PresenceDirectory } from '../../src/domain/directory.ts';
import { GONE, presentText } from '../../src/domain/presence.ts';
import {
  livingHolders,
  type Masters,
  mastersOf,
  NO_PRESENCES,
  PRESENCE_DURATION,
  PRESENCE_EVERY,
  type Presences,
  reconnected,
  seePresences,
} from './presences.ts';

export interface PresenceKeeperOptions {
  readonly directory: PresenceDirectory;
  /** The name of the own presence entry. */
  readonly name: string;
  readonly holder: string;
  readonly now: () => number;
  readonly newTurn: () => string;
  /**
   * Called with a sentence when the services are found on two masters, and when they no longer are.
   */
  readonly notice: (message: string) => void;
}

/**
 * Keeps the presence of this service, and knows the other services: which of them are running, and
 * whether all write to one server.
 *
 * disconnected -> present (`connected`; renewed every PRESENCE_EVERY) -> gone (`close`)
 */
export class PresenceKeeper {
  readonly #options: PresenceKeeperOptions;
  #presences: Presences = NO_PRESENCES;
  /** Another array only if the services have changed. */
  #holders: readonly string[];
  #masters: Masters = { serverIds: [], mayClaim: true };
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** The number of connections so far. Answers on an earlier one are dropped. */
  #connection = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: PresenceKeeperOptions) {
    this.#options = options;
    this.#holders = [options.holder];
  }

  /** The holders that are running, this one included, in order. */
  get holders(): readonly string[] {
    return this.#holders;
  }

  /** What is known of the services by their presence entries. */
  get presences(): Presences {
    return this.#presences;
  }

  /** Whether this service may take leases: all write to one server, or this one is on the first. */
  get mayClaim(): boolean {
    return this.#masters.mayClaim;
  }

  /** To be called when there is a connection, perhaps to another server. */
  connected(): void {
    if (this.#closed) return;
    this.#connection += 1;
    this.#know(reconnected(this.#presences));
    clearTimeout(this.#timer);
    void this.#renew(this.#connection);
  }

  /** Resolves when this service may take leases. Rejects on the abort. */
  untilMayClaim(until: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!until.aborted && !this.mayClaim) return;
        this.#waiting.delete(look);
        until.removeEventListener('abort', look);
        if (until.aborted) reject(until.reason);
        else resolve();
      };
      this.#waiting.add(look);
      until.addEventListener('abort', look);
      look();
    });
  }

  /** Shows the other services that this one is gone, and stops. */
  async close(): Promise<void> {
    this.stop();
    await this.#options.directory.announce(this.#options.name, GONE).catch(() => {});
  }

  /** Stops the renewals, as at the end of the process. */
  stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #renew(connection: number): Promise<void> {
    const { directory, name, holder, newTurn, now } = this.#options;
    try {
      await directory.announce(name, presentText(holder, newTurn(), PRESENCE_DURATION));
      const list = await directory.presences();
      if (this.#closed || connection !== this.#connection) return;
      this.#know(seePresences(this.#presences, list, now()));
      this.#judge();
    } catch {
      // Without an answer nothing new is known. The next renewal or the next connection shows more.
    }
    if (this.#closed || connection !== this.#connection) return;
    this.#timer = setTimeout(() => void this.#renew(connection), PRESENCE_EVERY);
  }

  #know(presences: Presences): void {
    this.#presences = presences;
    const holders = livingHolders(presences, this.#options.holder);
    if (holders.join(' ') !== this.#holders.join(' ')) this.#holders = holders;
  }

  #judge(): void {
    const { holder, notice } = this.#options;
    const before = this.#masters;
    const own = this.#presences.byHolder.get(holder)?.presence.serverId;
    this.#masters = mastersOf(this.#presences, holder, own);
    const { serverIds, mayClaim } = this.#masters;
    if (serverIds.length > 1 && before.serverIds.length < 2) {
      const rest = mayClaim ? 'this service is on the first and goes on' : 'this service waits';
      notice(
        `the services of these accounts write to ${serverIds.length} servers (server ids ${serverIds.join(', ')}), between which no lease holds: ${rest}; let directory.url of all name one server`,
      );
    }
    if (serverIds.length < 2 && before.serverIds.length > 1) notice('all services write to one server again');
    for (const look of [...this.#waiting]) look();
  }
}
