import type { HeldLease, Lease, LeaseReading, PausedLease } from '../../src/domain/lease.ts';

/**
 * The lease of one uid, as this service knows it. At most one request is under way.
 *
 *   none      -> waiting     a turn needs it (`take`)
 *   waiting   -> waiting     another service has it: it is read again later
 *   waiting   -> taking      it is free, left or missing, or it has lapsed
 *   waiting   -> none        it is not needed any more (`release`)
 *   taking    -> held        the write was answered, or a read shows the value that was sent
 *   taking    -> waiting     a write of another service came first
 *   taking    -> releasing, none         it is not needed any more
 *   held      -> held        renewed, by a swap of the last value that this service wrote
 *   held      -> lost        a read shows another value
 *   held      -> releasing   it is given up (`release`)
 *   releasing -> none        the release is written, or another service has it
 *   releasing -> paused      it is kept during a pause
 *   releasing -> lost        it was to be kept, but another service has it
 *   releasing -> releasing   it was to be kept, and is not needed any more
 *   paused    -> held        a turn needs it: it is renewed like a lease that has lapsed
 *   paused    -> releasing   it is not needed any more
 *   lost      -> waiting     a turn needs it
 *   lost      -> none        it is not needed any more
 *
 * What makes it safe:
 *
 * - Each value that this service writes is new, and can be replaced by a swap only once. So a swap
 *   of the last own value shows that no other service has had the lease since, however late the
 *   swap is. A request that is carried out late does not find its old value, unless that is `free`,
 *   `left` or missing.
 * - A request without an answer may have been carried out, or will be. So the entry is read, and
 *   only the value that was sent counts as this service's own. If the entry has another one, the
 *   next try sends a new value.
 * - Work ends at `deadline`. It is counted from the moment before the last confirmed request was
 *   sent. Other services count from the moment when they first saw its value. That moment is later,
 *   and they count longer.
 * - A lease that has lapsed is not lost yet: nothing runs, but once it is renewed an outcome may be
 *   written.
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
  readonly purpose: Purpose;
  readonly seen: Seen | undefined;
  /** No attempt is sent before this time: the services attempt one after another. */
  readonly notBefore: number;
  readonly doing: 'resting' | 'reading';
}

export interface Taking {
  readonly at: 'taking';
  readonly purpose: Purpose;
  /** What the lease was before. */
  readonly seen: Seen;
  readonly sent: Sent;
  /** `pausing`: a request had no answer, so the entry is read next. */
  readonly doing: 'sending' | 'pausing' | 'reading';
  /** Set if the lease is not needed any more: what is to be written then. */
  readonly unwanted: Release | undefined;
}

export interface Held {
  readonly at: 'held';
  readonly purpose: Purpose;
  /** The lease before it was taken; `missing` if it was `doubtful`. */
  readonly before: LeaseReading;
  /**
   * The last own value that is known to have been written. A `PausedLease` if a pause is just being
   * ended.
   */
  readonly lease: HeldLease | PausedLease;
  /** The renewal that is under way, or had no answer. */
  readonly next: Sent | undefined;
  readonly doing: 'resting' | 'sending' | 'pausing' | 'reading';
  /** All processes must have ended at this time, unless the lease is renewed before. */
  readonly deadline: number;
}

export interface Releasing {
  readonly at: 'releasing';
  readonly lease: HeldLease | PausedLease;
  /** A renewal that is under way, or had no answer. */
  readonly next: Sent | undefined;
  readonly to: Lease;
  /** `renewing`: the renewal is not answered yet. */
  readonly doing: 'renewing' | 'sending' | 'pausing' | 'reading';
  /** Set if a turn needs the lease again meanwhile. */
  readonly purpose: Purpose | undefined;
  /** What is to be written instead of the pause that is being written. */
  readonly instead: Release | undefined;
}

/** A lease as it was read, and when it was first seen like that. */
export interface Seen {
  readonly lease: LeaseReading;
  readonly since: number;
  /**
   * It was deleted while this service read it periodically, or an own attempt was carried out late.
   * In both cases it is unknown which service works on the account.
   */
  readonly doubtful: boolean;
}

/** A value that was sent, with a time before it was. */
export interface Sent {
  readonly lease: HeldLease;
  readonly sentAt: number;
}

/** The purpose for which a turn needs a lease. */
export interface Purpose {
  readonly job: string;
  /**
   * The account is in work. If its lease is free or missing nevertheless, it is unknown which
   * service works on it. So the lease is taken only after it has been free or missing for one
   * duration. This also applies to every lease that was deleted.
   */
  readonly inWork: boolean;
  /** Since when the lease is needed for this. */
  readonly since: number;
}

/**
 * What is written into a lease when it is given up, or kept during a pause (`pause`: in
 * milliseconds). `left`: the account is in work by a claim of this service, or by a claim that this
 * service was free to resume.
 */
export type Release =
  | { readonly to: 'free' }
  | { readonly to: 'left'; readonly attempt: number }
  | { readonly to: 'paused'; readonly pause: number; readonly attempt: number };

export type LeaseInput =
  /**
   * A turn needs the lease. Not allowed while it is held, or is being taken and still needed. From
   * `paused` it becomes `held` with a deadline in the past until the answer comes, or `lost`.
   * `lookFirst`: the lease is read before any attempt, because another service has probably taken
   * it.
   */
  | { readonly got: 'take'; readonly job: string; readonly inWork: boolean; readonly lookFirst?: boolean }
  /** The lease is not needed any more. Allowed in any state. */
  | { readonly got: 'release'; readonly release: Release }
  /** The watch of the leases has read this one. Allowed in any state. */
  | { readonly got: 'observed'; readonly lease: LeaseReading }
  /**
   * The answers to an effect: it was carried out; it was refused with 16, 68 or 32; there was no
   * answer, or any other one.
   */
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

/** The inputs that do not come from the caller. */
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
  /** Does nothing. It only ends a wait, or drops the answer to a read. */
  | { readonly do: 'nothing' };

/**
 * A new effect ends the wait that was under way, or drops the answer to the read. There is no new
 * effect while an `add` or a `swap` is under way. Without a new effect, the one that is under way
 * continues.
 */
export interface LeaseNext {
  readonly state: LeaseState;
  readonly effect?: LeaseEffect;
}

/** Times are in milliseconds, by a monotonic clock that continues while the host is suspended. */
export interface LeaseContext {
  readonly now: number;
  /** A new word each time, which no service has ever used. */
  readonly turn: string;
  /** The delay of an attempt, so that not all services attempt to take the lease at once. */
  readonly spread: number;
  /**
   * This service as a holder. No other living service has the same one. All processes of earlier
   * services with this holder have ended.
   */
  readonly holder: string;
  readonly duration: number;
  readonly killGrace: number;
}

/**
 * The time between the deadline and the take-over, in milliseconds. It allows for clocks of
 * different speed, and for processes that end slowly.
 */
export const SLACK = 5_000;

/**
 * The interval at which a lease of another service is read, in milliseconds. It is short, so that a
 * `left` lease is taken within a second.
 */
export const LOOK_EVERY = 900;

/**
 * The interval for any other lease, such as one of a pause: these last longer, and there may be
 * many.
 */
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
 * now. If not, it got into work without this lease: the caller gives the lease up as free, and
 * takes it again for an account in work.
 */
export function mayResume(state: LeaseState, now: number): boolean {
  if (state.at !== 'held' || now >= state.deadline) return false;
  return state.purpose.inWork || (state.before.is !== 'free' && state.before.is !== 'missing');
}

/** Whether no service has the lease, as it was last seen. */
export function isSeenFree(state: LeaseState): boolean {
  const seen = state.at === 'none' || state.at === 'waiting' ? state.seen : undefined;
  return seen?.lease.is === 'free' || seen?.lease.is === 'missing';
}

/** The lease of a pause, also while it is being written. */
export function keptOver(state: LeaseState): PausedLease | undefined {
  if (state.at === 'paused') return state.lease;
  return state.at === 'releasing' && state.to.is === 'paused' && state.purpose === undefined ? state.to : undefined;
}
