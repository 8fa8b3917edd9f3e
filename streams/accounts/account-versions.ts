import type { AccountRecord } from '../../src/domain/account.ts';
import { destroys, readMode } from '../../src/domain/mode.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';
import { identityOf } from './identity.ts';

/**
 * The number of accounts that are remembered: enough for those that are written to while one server
 * lags behind another.
 */
const REMEMBERED = 100_000;
/**
 * The number of own tokens that are remembered for an account: more than the claims that can be
 * under way without an answer.
 */
const REMEMBERED_TOKENS = 8;
/**
 * The number of latest own tokens that are remembered without their account. It is larger than the
 * number of claims that are under way at once. It is so small that a token of another service is
 * hardly ever among them by chance.
 */
const LATEST_TOKENS = 256;

interface KnownVersion {
  /** The newest entryCSN; undefined if the server shows none. */
  readonly version: string | undefined;
  /** The number of the connection on which it was learnt. */
  readonly connection: number;
  /** True if this service's own write made that version. */
  readonly madeHere: boolean;
  /** The fencing tokens that this service wrote last, oldest first. */
  readonly tokens: readonly string[];
  /**
   * True if the last claim, or attempt to claim, was this service's, and it has not finished the
   * account.
   */
  readonly unfinished: boolean;
  /** Since when a server has shown an older version, in milliseconds of the monotonic clock. */
  readonly behindSince?: number;
}

const NOTHING: KnownVersion = { version: undefined, connection: 0, madeHere: false, tokens: [], unfinished: false };

/**
 * How the version of a sight relates to the newest one that is known.
 * - `current`: no newer version is known.
 * - `stale`: a newer version was seen or written on this connection. A message was under way.
 * - `behind`: a newer version was known before this connection. Its server lags, or was restored
 *   from an older state.
 */
export type Age = 'current' | 'stale' | 'behind';

/**
 * The newest version of each account that this service has seen or written, and the fencing tokens
 * that it wrote. They show which writes are its own, and whether a server lags. entryCSNs are
 * compared as text.
 *
 *   (unknown) -> claiming, seen, written
 *   claiming -> seen, written
 *   seen -> seen        a newer version was seen; an older one replaces nothing
 *   any -> written      this service wrote it, and the server in use has accepted that
 *   any -> (unknown)    too many other accounts were seen since then
 *
 * Whether a version is `stale` or `behind` depends on the connection on which the newer one was
 * learnt.
 */
export class AccountVersions {
  readonly #known: RecentMap<KnownVersion>;
  /** The accounts for which the server in use has shown an older version than is known. */
  readonly #behind = new Set<string>();
  readonly #behindAfter: number;
  readonly #monotonic: () => number;
  #connection = 0;
  /**
   * The latest tokens of all accounts, oldest first: the entry of a claim may have been deleted and
   * created again under its DN.
   */
  readonly #latestTokens = new Set<string>();

  /**
   * `behindAfterMilliseconds`: how long an account waits if the server in use shows an older
   * version of it. `monotonic`: a clock, in milliseconds. `rememberedVersions`: the number of
   * accounts that are remembered, default 100,000; the one that was seen longest ago is forgotten
   * first.
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

  /**
   * To be called when a new connection begins. What was known before may be newer than what its
   * server shows.
   */
  connected(): void {
    this.#connection += 1;
    this.#behind.clear();
  }

  /** To be called with each record that the subscription, a list or a read has shown. */
  saw(record: AccountRecord): void {
    const { entryCSN } = record;
    if (entryCSN === undefined) return;
    const id = identityOf(record);
    const known = this.#known.get(id);
    if (known?.version !== undefined && known.version > entryCSN) return;
    // A request that was seen before the claim may be received again after it: from a list, a
    // refresh or a late echo.
    const isSame = known?.version === entryCSN;
    const unfinished = (known?.unfinished ?? false) && (isSame || readMode(record.mode)?.phase === 'inWork');
    const madeHere = isSame && (known?.madeHere ?? false);
    const tokens = known?.tokens ?? NOTHING.tokens;
    this.#remember(id, { version: entryCSN, connection: this.#connection, madeHere, tokens, unfinished });
  }

  /**
   * To be called when a write of this service was answered. `entryCSN` is the version that it made.
   */
  wrote(id: string, entryCSN: string | undefined): void {
    if (entryCSN === undefined) return;
    const { tokens, unfinished } = this.#known.get(id) ?? NOTHING;
    this.#remember(id, { version: entryCSN, connection: this.#connection, madeHere: true, tokens, unfinished });
  }

  /**
   * To be called before a claim is sent, with its token, if there is one: the claim may arrive
   * though no answer comes.
   */
  claiming(id: string, token: string | undefined): void {
    const known = this.#known.get(id) ?? NOTHING;
    const tokens = token === undefined ? known.tokens : [...known.tokens, token].slice(-REMEMBERED_TOKENS);
    this.#remember(id, { ...known, tokens, unfinished: true });
    if (token !== undefined) this.#rememberToken(token);
  }

  /**
   * To be called when this service has finished the account. It is not called for a failure, which
   * stays in work: clearing its return value resumes this service's claim.
   */
  ended(id: string): void {
    const known = this.#known.get(id);
    if (known?.unfinished === true) this.#remember(id, { ...known, unfinished: false });
  }

  /**
   * Whether the last claim, or attempt to claim, was this service's, and it has not finished the
   * account.
   */
  isUnfinished(id: string): boolean {
    return this.#known.get(id)?.unfinished ?? false;
  }

  /** Returns how this sight of the account relates to what is known of it. */
  ageOf(record: AccountRecord): Age {
    const known = this.#known.get(identityOf(record));
    if (record.entryCSN === undefined || known?.version === undefined || record.entryCSN >= known.version) {
      return 'current';
    }
    return known.connection === this.#connection ? 'stale' : 'behind';
  }

  /**
   * Returns how long the account has to wait, in milliseconds, because the server in use shows an
   * older version of it than is known; 0 or less if it need not wait. A mode that destroys data
   * waits without end, until the server has caught up or the account is requested again.
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

  /**
   * Whether the server in use has shown an older version of an account than is known, and no newer
   * one since.
   */
  get isBehind(): boolean {
    return this.#behind.size > 0;
  }

  /** To be called when the account is no longer open. */
  left(id: string): void {
    this.#behind.delete(id);
  }

  /** Whether the account is as this service itself wrote it. */
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
   * Whether an account may be in work by an unanswered claim of this service, if no other service
   * exists: the last claim of this service has no outcome, and no newer request was seen. If the
   * entry has a token, the token decides.
   */
  mayBeOwn(record: AccountRecord): boolean {
    return record.entryCSN !== undefined && this.isUnfinished(identityOf(record));
  }

  #remember(id: string, known: KnownVersion): void {
    if (known.connection === this.#connection) this.#behind.delete(id);
    this.#known.set(id, known);
  }
}
