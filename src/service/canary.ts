import type { AccountRecord, AttributeNames, ReadEntry } from '../domain/account.ts';
import type { Decision } from '../domain/decide.ts';
import { defined } from '../domain/defined.ts';
import { DirectoryError, failureKind } from '../domain/directory-error.ts';
import { isSameDn } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { StreamEvent } from '../domain/event.ts';
import type { HandlerOutcome, RunHandler } from '../domain/job.ts';
import type { CanaryStatus } from '../domain/status.ts';
import { isoTime } from '../domain/timestamp.ts';
import { type Modification, request } from '../domain/transition.ts';

export interface CanaryOptions {
  /** The DN of the canary. The service requests no other account. */
  readonly dn: string;
  readonly intervalMilliseconds: number;
  readonly names: AttributeNames;
  readonly directory: {
    read(dn: string): Promise<DirectoryEntry | undefined>;
    modify(dn: string, list: readonly Modification[]): Promise<unknown>;
  };
  readonly readEntry: ReadEntry;
  readonly decide: (record: AccountRecord) => Decision;
  /** Whether the service is paused. During a pause no answer is expected. */
  readonly paused: () => boolean;
  /** Called with a sentence when an answer is late, and when the next answer comes. */
  readonly notice: (message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A clock in milliseconds. */
  readonly monotonic: () => number;
}

/** The number of intervals without an answer after which the answer is late. */
const INTERVALS_UNTIL_LATE = 2;

const REQUESTED = 'add';

/**
 * Requests the canary periodically: an account of its own, which is handled without a script. When
 * the canary is finished, the whole route has worked: directory, subscription, slots, claim and
 * write-back.
 *
 * States:
 *   resting -> asking     an interval has passed, and the account has no open request
 *   asking -> asked       the directory accepted the request
 *   asking -> resting     the directory refused it, or another client wrote to the entry first
 *   asked -> resting      the account was finished, by this service or another one
 *   any -> stopped        `stop`: nothing is requested any more
 *
 * With several services each of them requests the canary, and one of them handles it. A late answer
 * is not a state of its own: an answer can become late at any time except during a pause.
 */
export class Canary {
  readonly #options: CanaryOptions;
  #timer: NodeJS.Timeout | undefined;
  #isRefreshed = false;
  /** When the request was sent, by the monotonic clock. undefined: no request is open. */
  #askedAt: number | undefined;
  #isAsking = false;
  #isStopped = false;
  #answeredAt: number | undefined;
  #milliseconds: number | undefined;
  /** Since when the canary has waited for an answer, by the monotonic clock. */
  #waitsSince: number;
  #failure: string | undefined;
  #isLateReported = false;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#waitsSince = options.monotonic();
  }

  /** To be called when the open accounts have been listed. The first call requests the canary. */
  refreshed(): void {
    if (!this.#isRefreshed) void this.tick();
    this.#isRefreshed = true;
  }

  /** Starts the timer for the intervals. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), this.#options.intervalMilliseconds).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Requests the canary if it is time. Never rejects for a fault of the directory. */
  async tick(): Promise<void> {
    const { paused, monotonic } = this.#options;
    if (paused()) {
      this.#waitsSince = monotonic();
      return;
    }
    if (this.#isStopped) return;
    this.#reportLate();
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#failure = await this.#ask();
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.#askedAt = undefined;
      this.#failure = failureKind(error) === 'mismatch' ? undefined : error.sentence;
    } finally {
      this.#isAsking = false;
    }
  }

  /** To be called with each event. */
  observe(event: StreamEvent): void {
    const isEnd = event.event === 'finished' || (event.event === 'left' && event.why === 'finished');
    if (isEnd && isSameDn(event.dn, this.#options.dn)) this.#answered();
  }

  status(): CanaryStatus {
    const { dn } = this.#options;
    return {
      dn,
      late: this.#isLate,
      ...(this.#answeredAt === undefined ? {} : { answeredAt: isoTime(this.#answeredAt) }),
      ...defined({ milliseconds: this.#milliseconds, failure: this.#failure }),
    };
  }

  /** Whether an account is the canary. */
  is({ dn }: Pick<AccountRecord, 'dn'>): boolean {
    return isSameDn(dn, this.#options.dn);
  }

  /** Handles the canary without any step, and passes on all other accounts. */
  handling(run: RunHandler): RunHandler {
    return (job, context) => (this.is(job.record) ? Promise.resolve(NOTHING_TO_DO) : run(job, context));
  }

  get #isLate(): boolean {
    const { paused, monotonic, intervalMilliseconds } = this.#options;
    return !paused() && monotonic() - this.#waitsSince > INTERVALS_UNTIL_LATE * intervalMilliseconds;
  }

  /**
   * Resolves to the reason why the canary cannot be requested. undefined: it was requested, or its
   * request is still open.
   */
  async #ask(): Promise<string | undefined> {
    const { dn, directory, readEntry, decide, names, monotonic } = this.#options;
    const entry = await directory.read(dn);
    if (this.#isStopped) return undefined;
    if (entry === undefined) return 'there is no such entry that the service may read; create it, or correct canary.dn';
    const reading = readEntry(entry);
    if (reading.kind !== 'account') return reading.reason;
    const { kind } = decide(reading.record);
    if (kind !== 'noRequest' && kind !== 'failed') return undefined;
    // The canary was finished, and no event has reported it.
    if (this.#askedAt !== undefined && kind === 'noRequest') this.#answered();
    this.#askedAt = monotonic();
    await directory.modify(dn, request(reading.record, REQUESTED, names));
    return undefined;
  }

  #answered(): void {
    const { now, monotonic } = this.#options;
    if (this.#askedAt !== undefined) this.#milliseconds = Math.round(monotonic() - this.#askedAt);
    this.#askedAt = undefined;
    this.#answeredAt = now();
    this.#waitsSince = monotonic();
    if (this.#isLateReported) this.#options.notice('the canary is answered again');
    this.#isLateReported = false;
  }

  #reportLate(): void {
    if (!this.#isLate || this.#isLateReported) return;
    this.#isLateReported = true;
    const why = this.#failure === undefined ? '' : ` (${this.#failure})`;
    this.#options.notice(`the canary ${this.#options.dn} is late${why}: what is asked for may not be done; see status`);
  }
}

const NOTHING_TO_DO: HandlerOutcome = { ok: true, timings: [] };
