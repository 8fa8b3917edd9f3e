import type { AccountRecord } from '../src/domain/account.ts';
import { readMode } from '../src/domain/mode.ts';
import { identityOf } from './identity.ts';

/** How many accounts are remembered; the one that was seen longest ago is forgotten first. */
const REMEMBERED = 100_000;
/** How many of its own tokens are remembered for an account: more than claims that can be under way without an answer. */
const REMEMBERED_TOKENS = 8;

interface Known {
  /** The newest entryCSN; undefined where the server shows none. */
  readonly version: string | undefined;
  /** The connection on which that was learnt. */
  readonly connection: number;
  /** This service's own write made that version. */
  readonly own: boolean;
  /** The fencing tokens that this service wrote last, oldest first. */
  readonly tokens: readonly string[];
  /** Since when a server has shown an older version, by the monotonic clock. */
  readonly behindSince?: number;
}

/**
 * `current`: nothing newer is known. `stale`: something newer was told, or written, on this very connection: a message was under
 * way. `behind`: something newer was known before this connection: its server lags, or was restored from an older state.
 */
export type Age = 'current' | 'stale' | 'behind';

/**
 * The newest version of each account that this service has seen or made, and the fencing tokens that it wrote. By them it knows its
 * own writes from those of others, and the state of a server that lags from the present one. entryCSNs compare as text.
 *
 * unknown -> seen -> written -> seen ...: a version that is seen replaces an older one only; one that this service wrote replaces any,
 * as the server in use has accepted it. Whether a version is judged `stale` or `behind` depends on the connection it was learnt on.
 */
export class AccountVersions {
  readonly #known = new Map<string, Known>();
  /** Which accounts the server in use has shown older than they are known. */
  readonly #behind = new Set<string>();
  readonly #behindAfter: number;
  readonly #monotonic: () => number;
  #connection = 0;

  /** `behindAfterMilliseconds`: how long an account waits that a server shows older; `monotonic`: a clock, in milliseconds. */
  constructor(options: { readonly behindAfterMilliseconds: number; readonly monotonic: () => number }) {
    this.#behindAfter = options.behindAfterMilliseconds;
    this.#monotonic = options.monotonic;
  }

  /** Another connection begins: what was known before may be newer than what its server shows. */
  connected(): void {
    this.#connection += 1;
    this.#behind.clear();
  }

  /** The subscription, a list or a read showed the account so. */
  saw(record: AccountRecord): void {
    const { entryCSN } = record;
    if (entryCSN === undefined) return;
    const id = identityOf(record);
    const known = this.#known.get(id);
    if (known?.version !== undefined && known.version > entryCSN) return;
    const own = known?.version === entryCSN && known.own;
    this.#remember(id, { version: entryCSN, connection: this.#connection, own, tokens: known?.tokens ?? [] });
  }

  /** This service's own write made that version. */
  wrote(id: string, entryCSN: string | undefined): void {
    if (entryCSN === undefined) return;
    const tokens = this.#known.get(id)?.tokens ?? [];
    this.#remember(id, { version: entryCSN, connection: this.#connection, own: true, tokens });
  }

  /** This service is about to write a token: it may arrive though no answer comes. */
  sent(id: string, token: string): void {
    const { tokens = [], ...known } = this.#known.get(id) ?? { version: undefined, connection: 0, own: false };
    this.#remember(id, { ...known, tokens: [...tokens, token].slice(-REMEMBERED_TOKENS) });
  }

  /** How this sight of the account relates to what is known of it. */
  ageOf(record: AccountRecord): Age {
    const known = this.#known.get(identityOf(record));
    if (record.entryCSN === undefined || known?.version === undefined || record.entryCSN >= known.version) {
      return 'current';
    }
    return known.connection === this.#connection ? 'stale' : 'behind';
  }

  /**
   * For how long the account has to wait because the server in use shows it older than it is known, in milliseconds; 0 or less: not at
   * all. A delete waits without end, that is for the server to catch up, or for somebody to ask again.
   */
  behindTimeLeft(record: AccountRecord): number {
    const id = identityOf(record);
    const known = this.#known.get(id);
    if (known === undefined || this.ageOf(record) !== 'behind') return 0;
    const now = this.#monotonic();
    const behindSince = known.behindSince ?? now;
    if (known.behindSince === undefined) this.#known.set(id, { ...known, behindSince });
    this.#behind.add(id);
    return readMode(record.mode)?.mode === 'delete' ? Infinity : this.#behindAfter - (now - behindSince);
  }

  /** Whether the server in use has shown an account older than it is known, and no newer since. */
  get isBehind(): boolean {
    return this.#behind.size > 0;
  }

  /** The account is no longer among the searched content. */
  left(id: string): void {
    this.#behind.delete(id);
  }

  /** Whether the account stands as this service itself wrote it. */
  isOwn(record: AccountRecord): boolean {
    const known = this.#known.get(identityOf(record));
    if (known === undefined) return false;
    if (record.entryCSN !== undefined && known.own && known.version === record.entryCSN) return true;
    return record.date !== undefined && known.tokens.includes(record.date.value.trim());
  }

  #remember(id: string, known: Known): void {
    if (known.connection === this.#connection) this.#behind.delete(id);
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size <= REMEMBERED) return;
    const oldest = this.#known.keys().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}
