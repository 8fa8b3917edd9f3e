import type { Message, Report, Subject, Trouble } from './trouble.ts';
import { type NoticeLimits, TroubleGroup } from './trouble-group.ts';

const HOUR = 3_600_000;

/** The most groups. What has yet another cause is told as one. */
const MOST_GROUPS = 200;

/** The order of the reports of a message. */
const ORDER: ReadonlyArray<Report['state']> = ['new', 'more', 'unsteady', 'still', 'resolved'];

/**
 * Decides what is told, and when. Pure: times are arguments, in milliseconds since 1970. `take` is
 * to be called at `dueAt`, which changes with every other call.
 *
 * States: open -> silenced (the last message that an hour may have was taken) -> open (the oldest
 * of them is an hour old). The last message says so. What is to be told meanwhile waits in its
 * group: see TroubleGroup.
 */
export class Notices {
  #limits: NoticeLimits;
  readonly #groups = new Map<string, TroubleGroup>();
  /** The group of each subject. */
  readonly #groupOf = new Map<string, TroubleGroup>();
  /** The times of the messages of the last hour. */
  #taken: number[] = [];
  #messageAt = Number.NEGATIVE_INFINITY;
  #isDigestAsked = false;
  #tally = { fired: 0, resolved: 0 };

  constructor(limits: NoticeLimits) {
    this.#limits = limits;
  }

  /** Other limits, from now on. */
  use(limits: NoticeLimits): void {
    this.#limits = limits;
  }

  /** The number of subjects that no message has told. */
  get held(): number {
    let held = 0;
    for (const { untold } of this.#groups.values()) held += untold;
    return held;
  }

  /** A subject has come into this trouble, and out of any other one. */
  fire(given: Trouble, subject: Subject, now: number): void {
    const trouble = this.#bounded(given);
    const group = this.#move(trouble, subject, now, now);
    const before = group.untold;
    group.fire(trouble, subject, now);
    this.#tally.fired += group.untold - before;
  }

  /**
   * A subject was in this trouble before the service could see it. It is told by reminders and
   * digests only: a start says nothing. Reminders follow `since`, as before a restart.
   */
  find(given: Trouble, subject: Subject, now: number): void {
    // What this service has seen itself says more.
    if (this.#groupOf.has(subject.id)) return;
    const { remind } = this.#limits;
    const age = Math.max(0, now - subject.since);
    const remindFrom = remind === undefined ? now : now - (age % remind);
    this.#move(this.#bounded(given), subject, now, remindFrom).find(subject);
  }

  /** A subject is in no trouble any more. */
  resolve(id: string, now: number): void {
    const group = this.#groupOf.get(id);
    if (group === undefined) return;
    this.#groupOf.delete(id);
    group.resolve(id, now);
    if (group.isGone) this.#groups.delete(group.trouble.key);
  }

  /** A digest is to be made as soon as a message may be taken. */
  askDigest(): void {
    this.#isDigestAsked = true;
  }

  /** When the next message is due, if nothing happens before. Infinity: never. */
  dueAt(): number {
    let due = this.#isDigestAsked ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) due = Math.min(due, this.#groupDueAt(group));
    return Math.max(due, this.#roomAt());
  }

  /** Returns the message that is due; undefined if there is none. */
  take(now: number): Message | undefined {
    this.#heedClock(now);
    if (this.#roomAt() > now) return undefined;
    const isDigest = this.#isDigestAsked;
    this.#isDigestAsked = false;
    const groups = [...this.#groups.values()];
    const reminds = isDigest || groups.some((group) => group.remindAt(this.#limits) <= now);
    const reports = groups.map((group) => this.#tell(group, now, reminds));
    const tally = this.#tally;
    if (isDigest) this.#tally = { fired: 0, resolved: 0 };
    const isEmpty = reports.every((report) => report === undefined);
    if (isEmpty && (!isDigest || tally.fired + tally.resolved === 0)) return undefined;
    if (isDigest) return { ...this.#message('digest', reports, now), tally };
    const isReminder = reports.some((report) => report?.state === 'still');
    return this.#message(isReminder ? 'reminder' : 'news', reports, now);
  }

  /** Returns the message of all that no message has told, before the service stops. */
  takeLast(now: number): Message | undefined {
    this.#heedClock(now);
    if (this.#roomAt() > now) return undefined;
    const untold = [...this.#groups.values()].filter((group) => group.untold > 0);
    if (untold.length === 0) return undefined;
    return this.#message(
      'stop',
      untold.map((group) => group.tell('news', now)),
      now,
    );
  }

  /** The trouble, or one that stands for all others where there are too many. */
  #bounded(trouble: Trouble): Trouble {
    const { event, key } = trouble;
    if (this.#groups.size < MOST_GROUPS || this.#groups.has(key)) return trouble;
    return { event, key: `others ${event}`, title: 'other causes' };
  }

  /** The group for the trouble, after the subject has left another one. */
  #move(trouble: Trouble, { id }: Subject, now: number, remindFrom: number): TroubleGroup {
    const before = this.#groupOf.get(id);
    let group = this.#groups.get(trouble.key);
    if (before !== undefined && before !== group) this.resolve(id, now);
    if (group === undefined) {
      group = new TroubleGroup(trouble, remindFrom);
      this.#groups.set(trouble.key, group);
    }
    this.#groupOf.set(id, group);
    return group;
  }

  #groupDueAt(group: TroubleGroup): number {
    return Math.min(this.#newsAt(group), group.overAt(this.#limits), group.remindAt(this.#limits));
  }

  /** Failures of accounts wait while something else causes them. */
  #newsAt(group: TroubleGroup): number {
    const at = group.newsAt(this.#limits, this.#messageAt);
    const { event, causesOthers = false } = group.trouble;
    if (at === Number.POSITIVE_INFINITY || event !== 'failed' || causesOthers) return at;
    let heldUntil = at;
    for (const other of this.#groups.values()) heldUntil = Math.max(heldUntil, other.holdsOthersUntil(this.#limits));
    return heldUntil;
  }

  #tell(group: TroubleGroup, now: number, reminds: boolean): Report | undefined {
    if (group.overAt(this.#limits) <= now) {
      this.#groups.delete(group.trouble.key);
      this.#tally.resolved += 1;
      return group.tell('over', now);
    }
    if (this.#newsAt(group) <= now) return group.tell('news', now);
    return reminds ? group.tell('reminder', now) : undefined;
  }

  #message(occasion: Message['occasion'], reports: ReadonlyArray<Report | undefined>, now: number): Message {
    const { mostPerHour } = this.#limits;
    this.#messageAt = now;
    this.#taken = [...this.#taken, now].slice(-mostPerHour);
    const given = reports.filter((report) => report !== undefined);
    const place = ({ state }: Report) => ORDER.indexOf(state);
    const roomAt = this.#roomAt();
    return {
      time: now,
      occasion,
      reports: given.sort((one, other) => place(one) - place(other) || other.count - one.count),
      ...(roomAt > now ? { silentUntil: roomAt } : {}),
    };
  }

  /** A clock that was set back does not make messages wait for the time that it was ahead. */
  #heedClock(now: number): void {
    this.#taken = this.#taken.filter((time) => time <= now);
    if (this.#messageAt > now) this.#messageAt = now;
    for (const group of this.#groups.values()) group.heedClock(now);
  }

  /** When another message may be taken. */
  #roomAt(): number {
    const oldest = this.#taken.length < this.#limits.mostPerHour ? undefined : this.#taken[0];
    return oldest === undefined ? Number.NEGATIVE_INFINITY : oldest + HOUR;
  }
}
