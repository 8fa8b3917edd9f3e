import type { AccountRecord } from '../../src/domain/account.ts';
import { destroys, readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { identityOf } from './identity.ts';

/** Enough for what is written to while one server lags behind another. */
const REMEMBERED = 100_000;
/**
 * How many of its own tokens are remembered for an account: more than claims that can be under way
 * without an answer.
 */
const REMEMBERED_TOKENS = 8;
/**
 * How many of its latest tokens are known on whatever account: more than claims that are under way
 * at once, and so few that none of another service's is among them by chance.
 */
const LATEST_TOKENS = 256;

interface KnownVersion {
  /** The newest entryCSN; undefined where the server shows none. */
  readonly version: string | undefined;
  /** The connection on which that was learnt. */
  readonly connection: number;
  /** This service's own write made that version. */
  readonly madeHere: boolean;
  /** The fencing tokens that this service wrote last, oldest first. */
  readonly tokens: readonly string[];
  /** This service claimed the account last, or tried to, and has not finished it. */
  readonly unfinished: boolean;
  /** Since when a server has shown an older version, by the monotonic clock. */
  readonly behindSince?: number;
}

const NOTHING: KnownVersion = { version: undefined, connection: 0, madeHere: false, tokens: [], unfinished: false };

/**
 * - `current`: nothing newer is known.
 * - `stale`: something newer was told, or written, on this very connection: a message was under
 *   way.
 * - `behind`: something newer was known before this connection: its server lags, or was restored
 *   from an older state.
 */
export type Age = 'current' | 'stale' | 'behind';

/**
 * The newest version of each account that this service has seen or made, and the fencing tokens
 * that it wrote. By them it knows its own writes from those of others, and the state of a server
 * that lags from the present one. entryCSNs compare as text.
 *
 *   (unknown) -> claiming, seen, written
 *   claiming -> seen, written
 *   seen -> seen        a newer version was seen; an older one replaces nothing
 *   any -> written      this service wrote it: the server in use has accepted that
 *   any -> (unknown)    too many others were seen since
 *
 * Whether a version is judged `stale` or `behind` depends on the connection it was learnt on.
 */
export class AccountVersions {
  readonly #known: RecentMap<KnownVersion>;
  /** Which accounts the server in use has shown older than they are known. */
  readonly #behind = new Set<string>();
  readonly #behindAfter: number;
  readonly #monotonic: () => number;
  #connection = 0;
  /**
   * The tokens that were written last, oldest first: a claim may meet an entry that was created
   * anew under its DN.
   */
  readonly #latestTokens = new Set<string>();

  /**
   * `behindAfterMilliseconds`: how long an account waits that a server shows older. `monotonic`: a
   * clock, in milliseconds. `rememberedVersions`: of how many accounts, default 100,000; the one
   * that was seen longest ago is forgotten first.
   */
  constructor(options: {
    readonly behindAfterMilliseconds: number;
    readonly monotonic: () => number;
    readonly rememberedVersions?: number;
  }) {
    this.#known = new RecentMap(options.rememberedVersions ?? REMEMBERED);
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
    // A request that was seen before the claim may be told again after it: by a list, a refresh or
    // a late echo.
    const isSame = known?.version === entryCSN;
    const unfinished = (known?.unfinished ?? false) && (isSame || readMode(record.mode)?.phase === 'inWork');
    const madeHere = isSame && (known?.madeHere ?? false);
    const tokens = known?.tokens ?? [];
    this.#remember(id, { version: entryCSN, connection: this.#connection, madeHere, tokens, unfinished });
  }

  /** This service's own write made that version. */
  wrote(id: string, entryCSN: string | undefined): void {
    if (entryCSN === undefined) return;
    const { tokens, unfinished } = this.#known.get(id) ?? NOTHING;
    this.#remember(id, { version: entryCSN, connection: this.#connection, madeHere: true, tokens, unfinished });
  }

  /**
   * This service is about to claim the account, by writing the token where there is one: it may
   * arrive though no answer comes.
   */
  claiming(id: string, token: string | undefined): void {
    const known = this.#known.get(id) ?? NOTHING;
    const tokens = token === undefined ? known.tokens : [...known.tokens, token].slice(-REMEMBERED_TOKENS);
    this.#remember(id, { ...known, tokens, unfinished: true });
    if (token !== undefined) this.#rememberToken(token);
  }

  /**
   * This service finished the account. A failure stands in work: whoever clears its return value
   * takes up this service's claim.
   */
  ended(id: string): void {
    const known = this.#known.get(id);
    if (known?.unfinished === true) this.#remember(id, { ...known, unfinished: false });
  }

  /** Whether this service claimed the account last, or tried to, and has not finished it. */
  isUnfinished(id: string): boolean {
    return this.#known.get(id)?.unfinished ?? false;
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
   * For how long the account has to wait because the server in use shows it older than it is known,
   * in milliseconds; 0 or less: not at all. What destroys waits without end, that is for the server
   * to catch up, or for somebody to ask again.
   */
  behindTimeLeft(record: AccountRecord): number {
    const id = identityOf(record);
    const known = this.#known.get(id);
    if (known === undefined || this.ageOf(record) !== 'behind') return 0;
    const now = this.#monotonic();
    const behindSince = known.behindSince ?? now;
    if (known.behindSince === undefined) this.#known.set(id, { ...known, behindSince });
    this.#behind.add(id);
    const mode = readMode(record.mode)?.mode;
    return mode !== undefined && destroys(mode) ? Infinity : this.#behindAfter - (now - behindSince);
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
    const known = this.#known.get(identityOf(record)) ?? NOTHING;
    if (record.entryCSN !== undefined && known.madeHere && known.version === record.entryCSN) return true;
    const day = record.date?.value;
    return day !== undefined && (known.tokens.includes(day) || this.#latestTokens.has(day));
  }

  #rememberToken(token: string): void {
    this.#latestTokens.delete(token);
    this.#latestTokens.add(token);
    if (this.#latestTokens.size <= LATEST_TOKENS) return;
    const [oldest] = this.#latestTokens;
    if (oldest !== undefined) this.#latestTokens.delete(oldest);
  }

  /**
   * Whether what stands in work may be a claim of this service's that had no answer, for a service
   * that is alone: its last claim has no outcome, and no newer request was seen. Where a token
   * tells, that tells more.
   */
  mayBeOwn(record: AccountRecord): boolean {
    return record.entryCSN !== undefined && this.isUnfinished(identityOf(record));
  }

  #remember(id: string, known: KnownVersion): void {
    if (known.connection === this.#connection) this.#behind.delete(id);
    this.#known.set(id, known);
  }
}
