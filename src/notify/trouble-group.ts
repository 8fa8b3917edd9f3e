import { MOST_NAMED, type Report, type Subject, type Trouble } from './trouble.ts';

/** Times in milliseconds. */
export interface NoticeLimits {
  /** The shortest time from one message about a group to the next, and until it is over. */
  readonly quiet: number;
  /** The time from one reminder to the next; undefined: there are none. */
  readonly remind: number | undefined;
  /** The most messages within an hour. */
  readonly mostPerHour: number;
}

/** The longest time for which what fires at once is gathered. */
const GATHERED = 1_000;
/** The longest time from any message to one about a new group. */
const SPACING = 30_000;
/** How long what may end by itself has to last. */
const LASTING = 30_000;
/** After so many returns a group is unsteady. */
const UNSTEADY_AFTER = 3;
/** The times of `quiet` from one message about an unsteady group to the next. */
const UNSTEADY_PAUSE = 12;

const NEVER = Number.POSITIVE_INFINITY;

/** The time from any message to one about a new group, in milliseconds. */
function spacing({ quiet }: NoticeLimits): number {
  return Math.min(SPACING, quiet / 10);
}

/**
 * Those in one trouble, and what was told of it. Pure: times are arguments.
 *
 * States, by its members and what was told:
 * - found: only members that were found so; nothing is told but by reminders and digests.
 * - waiting: has members that no message has told, and none has told of the group.
 * - told: a message has told of it, and it has members; further ones wait for `quiet`.
 * - ending: it was told, and has had no member for less than `quiet`.
 * - over: for as long. A message says so once, and the group is forgotten.
 * - gone: never told, and without members. It is forgotten in silence.
 *
 * Moves: found -> waiting (`fire`); found, waiting -> told (`tell`) -> ending (`settle`) -> told
 * (`fire`) or over; found, waiting -> gone (`settle`). After some returns from ending to told the
 * group is unsteady: that is told once, and then news of it are rare, until it is over.
 */
export class TroubleGroup {
  readonly #members = new Map<string, Subject>();
  /** Those of the members that no message has told. */
  readonly #untold = new Map<string, Subject>();
  /** Those of the members that were so before this service could see it. */
  readonly #found = new Set<string>();
  #trouble: Trouble;
  #untoldSince = 0;
  #toldAt: number | undefined;
  #emptySince: number | undefined;
  #firedAt = Number.NEGATIVE_INFINITY;
  /** When the first and the last of the members came into it. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #returns = 0;
  #isSaidUnsteady = false;
  #remindFrom: number;

  /** `remindFrom`: reminders follow this time by multiples of `remind`. */
  constructor(trouble: Trouble, remindFrom: number) {
    this.#trouble = trouble;
    this.#remindFrom = remindFrom;
  }

  get trouble(): Trouble {
    return this.#trouble;
  }

  /** The number of members that no message has told. */
  get untold(): number {
    return this.#untold.size;
  }

  get isGone(): boolean {
    return this.#members.size === 0 && this.#toldAt === undefined;
  }

  /** Somebody has come into this trouble now. */
  fire(trouble: Trouble, subject: Subject, now: number): void {
    const { id } = subject;
    this.#trouble = trouble;
    this.#firedAt = now;
    const isBack = this.#emptySince !== undefined;
    if (isBack) this.#returns += 1;
    const isNew = !this.#members.has(id) || this.#found.delete(id);
    if (!isNew) return;
    this.#add(subject);
    // That the service itself is in this trouble was told, and not that it is over.
    if (isBack && subject.uid === undefined && this.#returns !== UNSTEADY_AFTER) return;
    if (this.#untold.size === 0) this.#untoldSince = now;
    this.#untold.set(id, subject);
  }

  /** Somebody was in this trouble before. */
  find(subject: Subject): void {
    if (this.#members.has(subject.id)) return;
    this.#add(subject);
    this.#found.add(subject.id);
  }

  #add(subject: Subject): void {
    this.#emptySince = undefined;
    this.#members.set(subject.id, subject);
    this.#first = Math.min(this.#first, subject.since);
    this.#last = Math.max(this.#last, subject.since);
  }

  /** Somebody is not in this trouble any more. */
  resolve(id: string, now: number): void {
    this.#untold.delete(id);
    this.#found.delete(id);
    if (this.#members.delete(id) && this.#members.size === 0) this.#emptySince = now;
  }

  /** No time lies ahead of a clock that was set back. */
  heedClock(now: number): void {
    const notAhead = (time: number | undefined) => (time === undefined ? undefined : Math.min(time, now));
    this.#untoldSince = Math.min(this.#untoldSince, now);
    this.#firedAt = Math.min(this.#firedAt, now);
    this.#remindFrom = Math.min(this.#remindFrom, now);
    this.#toldAt = notAhead(this.#toldAt);
    this.#emptySince = notAhead(this.#emptySince);
  }

  /** When a message tells those that it has not told; `messageAt`: the time of the last message. */
  newsAt(limits: NoticeLimits, messageAt: number): number {
    if (this.#untold.size === 0) return NEVER;
    const { quiet } = limits;
    const pause = this.#isSaidUnsteady ? UNSTEADY_PAUSE * quiet : quiet;
    if (this.#toldAt !== undefined) return Math.max(this.#untoldSince, this.#toldAt + pause);
    const { isPassing = false } = this.#trouble;
    const ripens = isPassing ? Math.min(LASTING, quiet) : Math.min(GATHERED, quiet / 10);
    return Math.max(this.#untoldSince + ripens, messageAt + spacing(limits));
  }

  /** When a message says that it is over. */
  overAt({ quiet }: NoticeLimits): number {
    return this.#toldAt === undefined || this.#emptySince === undefined ? NEVER : this.#emptySince + quiet;
  }

  remindAt({ remind }: NoticeLimits): number {
    return remind === undefined || this.#members.size === 0 ? NEVER : this.#remindFrom + remind;
  }

  /** Until when the failures of accounts are taken for consequences of this trouble. */
  holdsOthersUntil(limits: NoticeLimits): number {
    const { event, causesOthers = false } = this.#trouble;
    if (!causesOthers) return Number.NEGATIVE_INFINITY;
    // Failed accounts stay so, also when the cause has gone.
    if (event === 'failed') return this.#firedAt + limits.quiet;
    return this.#emptySince === undefined ? NEVER : this.#emptySince + spacing(limits);
  }

  /**
   * Returns what a message says now, which counts as told. Undefined if there is nothing to say.
   */
  tell(occasion: 'news' | 'reminder' | 'over', now: number): Report | undefined {
    if (occasion === 'over') return this.#report('resolved', new Map());
    if (this.#members.size === 0) return undefined;
    const state = this.#state();
    const report = this.#report(state, state === 'still' ? this.#members : this.#untold);
    this.#untold.clear();
    this.#toldAt = now;
    this.#remindFrom = now;
    if (state === 'unsteady') this.#isSaidUnsteady = true;
    return report;
  }

  #state(): Report['state'] {
    if (this.#untold.size === 0) return 'still';
    if (this.#toldAt === undefined) return 'new';
    return this.#returns >= UNSTEADY_AFTER && !this.#isSaidUnsteady ? 'unsteady' : 'more';
  }

  #report(state: Report['state'], told: ReadonlyMap<string, Subject>): Report {
    const subjects: Subject[] = [];
    for (const subject of told.values()) {
      if (subjects.length === MOST_NAMED) break;
      if (subject.uid !== undefined) subjects.push(subject);
    }
    return {
      ...{ state, trouble: this.#trouble, count: this.#members.size, added: this.#untold.size },
      ...{ first: this.#first, last: this.#last, subjects },
    };
  }
}
