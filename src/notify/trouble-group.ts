import { MOST_NAMED, type Report, type Subject, type Trouble } from './trouble.ts';

/** Times in milliseconds. */
export interface NoticeLimits {
  /**
   * The shortest time between two messages about a group. A group is over when it has had no member
   * for that long.
   */
  readonly quiet: number;
  /** The time between two reminders; undefined: there are none. */
  readonly remind: number | undefined;
  /** The most messages within an hour. */
  readonly mostPerHour: number;
}

/** The longest time for which failures that happen together are collected for one message. */
const GATHERED = 1_000;
/** The longest time between any message and one about a new group. */
const SPACING = 30_000;
/** How long a trouble that may end by itself has to last before it is reported. */
const LASTING = 30_000;
/** A group that has come back this many times is unsteady. */
const UNSTEADY_AFTER = 3;
/** The pause between two messages about an unsteady group, as a multiple of `quiet`. */
const UNSTEADY_PAUSE = 12;

const NEVER = Number.POSITIVE_INFINITY;

/** The time between any message and one about a new group, in milliseconds. */
function spacing({ quiet }: NoticeLimits): number {
  return Math.min(SPACING, quiet / 10);
}

/**
 * The subjects that are in one trouble (members), and what was reported about it. Pure: times are
 * arguments.
 *
 * States:
 * - found: all members came into the trouble before the service could observe that. Only reminders
 *   and digests report them.
 * - waiting: it has members that no message has reported, and no message was sent about the group.
 * - reported: a message was sent about the group, and it has members. New members wait for `quiet`.
 * - ending: a message was sent, and the group has had no member for less than `quiet`.
 * - over: it has had no member for `quiet`. One message says so, and the group is forgotten.
 * - gone: no message was sent, and there are no members. The group is forgotten without a message.
 *
 * Moves:
 *   found -> waiting             `fire`
 *   found, waiting -> reported   `report`
 *   found, waiting -> gone       `resolve`
 *   reported -> ending           `resolve`
 *   ending -> reported           `fire`; after some of these moves the group is unsteady
 *   ending -> over               no member came back
 *
 * That a group is unsteady is reported once. After that messages about it are rare until it is
 * over.
 */
export class TroubleGroup {
  readonly #members = new Map<string, Subject>();
  /** The members that no message has reported. */
  readonly #unreported = new Map<string, Subject>();
  /** The members that came into the trouble before this service could observe that. */
  readonly #found = new Set<string>();
  #trouble: Trouble;
  #unreportedSince = 0;
  #reportedAt: number | undefined;
  #emptySince: number | undefined;
  #firedAt = Number.NEGATIVE_INFINITY;
  /** When the first and the latest member came into the trouble. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #returns = 0;
  #isReportedUnsteady = false;
  #remindFrom: number;

  /** Reminders are due at `remindFrom` plus multiples of `remind`. */
  constructor(trouble: Trouble, remindFrom: number) {
    this.#trouble = trouble;
    this.#remindFrom = remindFrom;
  }

  get trouble(): Trouble {
    return this.#trouble;
  }

  /** The number of members that no message has reported. */
  get unreported(): number {
    return this.#unreported.size;
  }

  get isGone(): boolean {
    return this.#members.size === 0 && this.#reportedAt === undefined;
  }

  /** The subject came into this trouble now. */
  fire(trouble: Trouble, subject: Subject, now: number): void {
    const { id } = subject;
    this.#trouble = trouble;
    this.#firedAt = now;
    const isBack = this.#emptySince !== undefined;
    if (isBack) this.#returns += 1;
    const isNew = !this.#members.has(id) || this.#found.delete(id);
    if (!isNew) return;
    this.#add(subject);
    // The trouble of the service was reported, and its end was not. So there is nothing to report.
    if (isBack && subject.uid === undefined && this.#returns !== UNSTEADY_AFTER) return;
    if (this.#unreported.size === 0) this.#unreportedSince = now;
    this.#unreported.set(id, subject);
  }

  /** The subject came into this trouble before the service could observe that. */
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

  /** The subject is not in this trouble any more. */
  resolve(id: string, now: number): void {
    this.#unreported.delete(id);
    this.#found.delete(id);
    if (this.#members.delete(id) && this.#members.size === 0) this.#emptySince = now;
  }

  /** Replaces times that are in the future because the clock was set back. */
  correctTimes(now: number): void {
    const notAhead = (time: number | undefined) => (time === undefined ? undefined : Math.min(time, now));
    this.#unreportedSince = Math.min(this.#unreportedSince, now);
    this.#firedAt = Math.min(this.#firedAt, now);
    this.#remindFrom = Math.min(this.#remindFrom, now);
    this.#reportedAt = notAhead(this.#reportedAt);
    this.#emptySince = notAhead(this.#emptySince);
  }

  /**
   * When the new members are reported. `messageAt`: the time of the last message about any group.
   */
  newsAt(limits: NoticeLimits, messageAt: number): number {
    if (this.#unreported.size === 0) return NEVER;
    const { quiet } = limits;
    const pause = this.#isReportedUnsteady ? UNSTEADY_PAUSE * quiet : quiet;
    if (this.#reportedAt !== undefined) return Math.max(this.#unreportedSince, this.#reportedAt + pause);
    const { isPassing = false } = this.#trouble;
    const delay = isPassing ? Math.min(LASTING, quiet) : Math.min(GATHERED, quiet / 10);
    return Math.max(this.#unreportedSince + delay, messageAt + spacing(limits));
  }

  /** When a message reports that the trouble is over. */
  overAt({ quiet }: NoticeLimits): number {
    return this.#reportedAt === undefined || this.#emptySince === undefined ? NEVER : this.#emptySince + quiet;
  }

  remindAt({ remind }: NoticeLimits): number {
    return remind === undefined || this.#members.size === 0 ? NEVER : this.#remindFrom + remind;
  }

  /** Until when failures of accounts are regarded as consequences of this trouble. */
  holdsOthersUntil(limits: NoticeLimits): number {
    const { event, causesOthers = false } = this.#trouble;
    if (!causesOthers) return Number.NEGATIVE_INFINITY;
    // Accounts stay failed after the cause has gone, so the time of the last failure counts.
    if (event === 'failed') return this.#firedAt + limits.quiet;
    return this.#emptySince === undefined ? NEVER : this.#emptySince + spacing(limits);
  }

  /**
   * Returns what a message says about the group now, and regards it as reported. Undefined if there
   * is nothing to report.
   */
  report(occasion: 'news' | 'reminder' | 'over', now: number): Report | undefined {
    if (occasion === 'over') return this.#reportAs('resolved', new Map());
    if (this.#members.size === 0) return undefined;
    const state = this.#state();
    const report = this.#reportAs(state, state === 'still' ? this.#members : this.#unreported);
    this.#unreported.clear();
    this.#reportedAt = now;
    this.#remindFrom = now;
    if (state === 'unsteady') this.#isReportedUnsteady = true;
    return report;
  }

  #state(): Report['state'] {
    if (this.#unreported.size === 0) return 'still';
    if (this.#reportedAt === undefined) return 'new';
    return this.#returns >= UNSTEADY_AFTER && !this.#isReportedUnsteady ? 'unsteady' : 'more';
  }

  #reportAs(state: Report['state'], reported: ReadonlyMap<string, Subject>): Report {
    const subjects: Subject[] = [];
    for (const subject of reported.values()) {
      if (subjects.length === MOST_NAMED) break;
      if (subject.uid !== undefined) subjects.push(subject);
    }
    return {
      ...{ state, trouble: this.#trouble, count: this.#members.size, added: this.#unreported.size },
      ...{ first: this.#first, last: this.#last, subjects },
    };
  }
}
