import type { HeldLease, Lease, LeaseReading, PausedLease } from '../../src/domain/lease.ts';

/**
 * The lease of one uid, as this service knows it. At most one request is under way.
 *
 *   none      -> waiting     take
 *   waiting   -> waiting     it was read, or told, and is another's: look again
 *   waiting   -> taking      it is free, left, missing, or has not changed for as long as it says
 *   waiting   -> none        release
 *   taking    -> held        the answer says so, or a read shows the value that was sent
 *   taking    -> waiting     somebody else came first
 *   taking    -> releasing, none         release meanwhile
 *   held      -> held        renewed, by a swap of the very value that this service wrote last
 *   held      -> lost        a read shows another value
 *   held      -> releasing   release
 *   releasing -> none        it says what was asked for, or is another's
 *   releasing -> paused      it is to be kept over a pause
 *   releasing -> lost        it was to be kept, and is another's
 *   releasing -> releasing   it was to be kept, and is not wanted any more
 *   paused    -> held        take: as the renewal of a lease that has lapsed
 *   paused    -> releasing   release
 *   lost      -> waiting     take
 *   lost      -> none        release
 *
 * What makes it safe:
 *
 * - A value of this service is new each time and swapped away once. So a swap of the last own value
 *   shows that nobody else had the lease since, however late; and a request that is carried out
 *   late finds its old value gone, unless that is `free`, `left` or missing.
 * - A request without an answer may have been carried out, or will be. So the entry is read, and
 *   only the very value that was sent counts as one's own. Otherwise the next try has a new value.
 * - Work ends at `deadline`. It counts from before the request was sent that is known to have been
 *   carried out. Others count from when they first saw its value, so from later, and longer.
 * - A lease that has lapsed is not lost: nothing runs, but once renewed an outcome may be written.
 */
export type LeaseState =
  | { readonly at: 'none'; readonly seen: Seen | undefined }
  | Waiting
  | Taking
  | Held
  | Releasing
  | { readonly at: 'paused'; readonly lease: PausedLease }
  | { readonly at: 'lost'; readonly seen: Seen };

export interface Waiting {
  readonly at: 'waiting';
  readonly wish: Wish;
  readonly seen: Seen | undefined;
  /** No attempt before: the services attempt one after another. */
  readonly notBefore: number;
  readonly doing: 'resting' | 'reading';
}

export interface Taking {
  readonly at: 'taking';
  readonly wish: Wish;
  /** What the lease was before. */
  readonly seen: Seen;
  readonly sent: Sent;
  /** Pausing: there was no answer, and it is read next. */
  readonly doing: 'sending' | 'pausing' | 'reading';
  /** Set if it is not wanted any more: what it is to say instead. */
  readonly unwanted: Release | undefined;
}

export interface Held {
  readonly at: 'held';
  readonly wish: Wish;
  /** What the lease was before it was taken; missing if it was doubtful. */
  readonly before: LeaseReading;
  /** The last own value that is known to have been written. Paused: a pause that ends. */
  readonly lease: HeldLease | PausedLease;
  /** The renewal that is under way, or had no answer. */
  readonly next: Sent | undefined;
  readonly doing: 'resting' | 'sending' | 'pausing' | 'reading';
  /** Whatever runs must have ended at this time, unless the lease is renewed before. */
  readonly deadline: number;
}

export interface Releasing {
  readonly at: 'releasing';
  readonly lease: HeldLease | PausedLease;
  /** A renewal that is under way, or had no answer. */
  readonly next: Sent | undefined;
  readonly to: Lease;
  /** Renewing: the answer to the renewal is still to come. */
  readonly doing: 'renewing' | 'sending' | 'pausing' | 'reading';
  /** Set if it was asked for again meanwhile. */
  readonly wish: Wish | undefined;
  /** What the lease is to say instead of a pause that is being written. */
  readonly instead: Release | undefined;
}

/** What a lease was read to be, and when this was first seen. */
export interface Seen {
  readonly lease: LeaseReading;
  readonly since: number;
  /**
   * It became missing while this service looked, so somebody has deleted it; or it became own, so
   * an own attempt was carried out late. Either way, nobody can tell who is at work.
   */
  readonly doubtful: boolean;
}

/** A value that was sent, with a time before it was. */
export interface Sent {
  readonly lease: HeldLease;
  readonly sentAt: number;
}

/** What a lease is wanted for. */
export interface Wish {
  readonly job: string;
  /**
   * The account is in work. If its lease is free or missing all the same, nobody can tell whose
   * work that is; so it is taken only after it has been so for one duration. A lease that was
   * deleted is always taken only then.
   */
  readonly inWork: boolean;
  /** Since when it is wanted like this. */
  readonly since: number;
}

/**
 * What a lease is to say when it is given up, or kept over a pause of so many milliseconds. Left:
 * the account is in work by a claim of this service, or by one that it was free to resume.
 */
export type Release =
  | { readonly to: 'free' }
  | { readonly to: 'left'; readonly attempt: number }
  | { readonly to: 'paused'; readonly pause: number; readonly attempt: number };

export type LeaseInput =
  /**
   * The lease is wanted. Not while it is held, or being taken and still wanted. From paused, it is
   * held next, with a deadline that is past until the answer comes, or lost.
   * Look first: it is read in any case, as another service is likely to have taken it by now.
   */
  | { readonly got: 'take'; readonly job: string; readonly inWork: boolean; readonly lookFirst?: boolean }
  /** The lease is not wanted any more. In any state. */
  | { readonly got: 'release'; readonly release: Release }
  /** Somebody watches the leases and has seen this one. In any state. */
  | { readonly got: 'told'; readonly lease: LeaseReading }
  /** The answers to an effect: carried out; refused with 16, 68 or 32; none, or any other one. */
  | { readonly got: 'done' }
  | { readonly got: 'refused' }
  | { readonly got: 'noAnswer' }
  | { readonly got: 'read'; readonly lease: LeaseReading }
  /** The time of a wait has come. */
  | { readonly got: 'time' };

/** One step of the machine. */
export interface LeaseStep {
  readonly before: LeaseState;
  readonly input: LeaseInput;
  readonly after: LeaseState;
}

/** What comes without being asked for by the caller. */
export type LeaseAnswer = Exclude<LeaseInput, { readonly got: 'take' | 'release' }>;

export type LeaseEffect =
  /** Adds the entry with this value. Answered by done, refused or noAnswer. */
  | { readonly do: 'add'; readonly lease: string }
  /** Replaces one value by another in one modify. Answered by done, refused or noAnswer. */
  | { readonly do: 'swap'; readonly from: string; readonly to: string }
  /** Reads the entry. Answered by read or noAnswer. */
  | { readonly do: 'read' }
  /** Answered by time. */
  | { readonly do: 'wait'; readonly until: number }
  /** Nothing. It only ends a wait, or drops the answer to a read. */
  | { readonly do: 'nothing' };

/**
 * A new effect ends the wait, and drops the answer to the read, that was under way. There is never
 * one while an add or a swap is. Without one, what is under way goes on.
 */
export interface LeaseNext {
  readonly state: LeaseState;
  readonly effect?: LeaseEffect;
}

/** Times are in milliseconds, by a monotonic clock that goes on while the host is suspended. */
export interface LeaseContext {
  readonly now: number;
  /** A new word each time that no service has ever used before. */
  readonly turn: string;
  /** The delay of an attempt, so that the services do not attempt it all at once. */
  readonly spread: number;
  /** The own holder, which no other living service has. What it left behind has ended. */
  readonly holder: string;
  readonly duration: number;
  readonly killGrace: number;
}

/** Between the deadline and the take-over: for clocks that differ and processes slow to end. */
export const SLACK = 5_000;

/**
 * A lease that is held by another is read this often, so that what it leaves is taken up in a
 * second.
 */
export const LOOK_EVERY = 900;

/** Any other lease, such as one over a pause: these last, and there may be many. */
export const LOOK_SELDOM_EVERY = 3_000;

/** The pause after a request without an answer, or one that was refused. */
export const RETRY_AFTER = 500;

export const NO_LEASE: LeaseState = { at: 'none', seen: undefined };

/**
 * Whether a claim, a handler or an outcome may be started now. Handlers have to end at the deadline
 * of the state. A write that is carried out later is refused by its fence. A lease that has lapsed
 * is renewed as soon as the directory answers.
 */
export function mayWork(state: LeaseState, now: number): boolean {
  return state.at === 'held' && now < state.deadline;
}

/**
 * Whether an account that is in work, by a claim that this service did not make, may be resumed
 * now. If not, it came in work without this lease: give the lease up as free, and take it for an
 * account in work.
 */
export function mayResume(state: LeaseState, now: number): boolean {
  if (state.at !== 'held' || now >= state.deadline) return false;
  return state.wish.inWork || (state.before.is !== 'free' && state.before.is !== 'missing');
}

/** Whether nobody has the lease, as it was seen. */
export function isSeenFree(state: LeaseState): boolean {
  const seen = state.at === 'none' || state.at === 'waiting' ? state.seen : undefined;
  return seen?.lease.is === 'free' || seen?.lease.is === 'missing';
}

/** The lease of a pause, also while that is being written. */
export function keptOver(state: LeaseState): PausedLease | undefined {
  if (state.at === 'paused') return state.lease;
  return state.at === 'releasing' && state.to.is === 'paused' && state.wish === undefined ? state.to : undefined;
}
