import type { Message, Report, Subject, Trouble } from './trouble.ts';
import { type NoticeLimits, TroubleGroup } from './trouble-group.ts';

const HOUR = 3_600_000;

/** The most groups. All further causes are reported as one. */
const MOST_GROUPS = 200;

/** The order of the reports in a message. */
const ORDER: ReadonlyArray<Report['state']> = ['new', 'more', 'unsteady', 'still', 'resolved'];

/**
 * Decides what is reported, and when. Pure: times are arguments, in milliseconds since 1970. Call
 * `take` at the time that `dueAt` returns. Every other call may change that time.
 *
 *   open -> silenced   the last message that the hour may have was taken; it says until when
 *   silenced -> open   the oldest message of the hour is an hour old
 *
 * Reports that become due while silenced wait in their groups: see TroubleGroup.
 */
export class Notices {
  #limits: NoticeLimits;
  readonly #groups = new Map<string, TroubleGroup>();
  /** The group of each subject. */
  readonly #groupOf = new Map<string, TroubleGroup>();
  /** The times at which messages were taken within the last hour. */
  #taken: number[] = [];
  #messageAt = Number.NEGATIVE_INFINITY;
  #isDigestAsked = false;
  #tally = { fired: 0, resolved: 0 };

  constructor(limits: NoticeLimits) {
    this.#limits = limits;
  }

  /** Replaces the limits. */
  use(limits: NoticeLimits): void {
    this.#limits = limits;
  }

  /** The number of subjects that no message has reported. */
  get held(): number {
    let held = 0;
    for (const { unreported } of this.#groups.values()) held += unreported;
    return held;
  }

  /** The subject is in this trouble from now on. It leaves the trouble that it was in before. */
  fire(given: Trouble, subject: Subject, now: number): void {
    const trouble = this.#bounded(given);
    const group = this.#move(trouble, subject, now, now);
    const before = group.unreported;
    group.fire(trouble, subject, now);
    this.#tally.fired += group.unreported - before;
  }

  /**
   * The subject came into this trouble before the service could observe that. Only reminders and
   * digests report it, because a start reports no old failures. The reminders follow `since`, so
   * they come at the same times as without a restart.
   */
  find(given: Trouble, subject: Subject, now: number): void {
    // A cause that this service has observed itself is more precise.
    if (this.#groupOf.has(subject.id)) return;
    const { remind } = this.#limits;
    const age = Math.max(0, now - subject.since);
    const remindFrom = remind === undefined ? now : now - (age % remind);
    this.#move(this.#bounded(given), subject, now, remindFrom).find(subject);
  }

  /** The subject is not in any trouble any more. */
  resolve(id: string, now: number): void {
    const group = this.#groupOf.get(id);
    if (group === undefined) return;
    this.#groupOf.delete(id);
    group.resolve(id, now);
    if (group.isGone) this.#groups.delete(group.trouble.key);
  }

  /** Requests a digest, which is made as soon as a message may be taken. */
  askDigest(): void {
    this.#isDigestAsked = true;
  }

  /** When the next message is due if nothing else happens. Infinity: never. */
  dueAt(): number {
    let due = this.#isDigestAsked ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) due = Math.min(due, this.#groupDueAt(group));
    return Math.max(due, this.#roomAt());
  }

  /** Returns the message that is due; undefined if there is none. */
  take(now: number): Message | undefined {
    this.#correctTimes(now);
    if (this.#roomAt() > now) return undefined;
    const isDigest = this.#isDigestAsked;
    this.#isDigestAsked = false;
    const groups = [...this.#groups.values()];
    const reminds = isDigest || groups.some((group) => group.remindAt(this.#limits) <= now);
    const reports = groups.map((group) => this.#reportOf(group, now, reminds));
    const tally = this.#tally;
    if (isDigest) this.#tally = { fired: 0, resolved: 0 };
    const isEmpty = reports.every((report) => report === undefined);
    if (isEmpty && (!isDigest || tally.fired + tally.resolved === 0)) return undefined;
    if (isDigest) return { ...this.#message('digest', reports, now), tally };
    const isReminder = reports.some((report) => report?.state === 'still');
    return this.#message(isReminder ? 'reminder' : 'news', reports, now);
  }

  /** Returns a message with everything that no message has reported, before the service stops. */
  takeLast(now: number): Message | undefined {
    this.#correctTimes(now);
    if (this.#roomAt() > now) return undefined;
    const unreported = [...this.#groups.values()].filter((group) => group.unreported > 0);
    if (unreported.length === 0) return undefined;
    return this.#message(
      'stop',
      unreported.map((group) => group.report('news', now)),
      now,
    );
  }

  /** Returns the trouble, or the one that stands for all further causes if there are too many. */
  #bounded(trouble: Trouble): Trouble {
    const { event, key } = trouble;
    if (this.#groups.size < MOST_GROUPS || this.#groups.has(key)) return trouble;
    return { event, key: `others ${event}`, title: 'other causes' };
  }

  /** Returns the group for the trouble. The subject leaves its former group. */
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

  /**
   * When the new members are reported. Failures of accounts wait while another trouble may be their
   * cause.
   */
  #newsAt(group: TroubleGroup): number {
    const at = group.newsAt(this.#limits, this.#messageAt);
    const { event, causesOthers = false } = group.trouble;
    if (at === Number.POSITIVE_INFINITY || event !== 'failed' || causesOthers) return at;
    let heldUntil = at;
    for (const other of this.#groups.values()) heldUntil = Math.max(heldUntil, other.holdsOthersUntil(this.#limits));
    return heldUntil;
  }

  #reportOf(group: TroubleGroup, now: number, reminds: boolean): Report | undefined {
    if (group.overAt(this.#limits) <= now) {
      this.#groups.delete(group.trouble.key);
      this.#tally.resolved += 1;
      return group.report('over', now);
    }
    if (this.#newsAt(group) <= now) return group.report('news', now);
    return reminds ? group.report('reminder', now) : undefined;
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

  /**
   * Corrects the recorded times if the clock was set back. Otherwise messages would wait for the
   * clock to reach those times again.
   */
  #correctTimes(now: number): void {
    this.#taken = this.#taken.filter((time) => time <= now);
    if (this.#messageAt > now) this.#messageAt = now;
    for (const group of this.#groups.values()) group.correctTimes(now);
  }

  /** From when on another message may be taken. */
  #roomAt(): number {
    const oldest = this.#taken.length < this.#limits.mostPerHour ? undefined : this.#taken[0];
    return oldest === undefined ? Number.NEGATIVE_INFINITY : oldest + HOUR;
  }
}
