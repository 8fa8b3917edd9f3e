import { heldLease, type LeaseReading } from '../../src/domain/lease.ts';
import {
  type LeaseAnswer,
  type LeaseContext,
  type LeaseNext,
  LOOK_EVERY,
  LOOK_SELDOM_EVERY,
  RETRY_AFTER,
  type Seen,
  type Sent,
  type Waiting,
  type Wish,
} from './lease-state.ts';

/** Waits for a lease that is wanted, and attempts to take it when it may be taken. */
export function want(wish: Wish, seen: Seen | undefined, context: LeaseContext): LeaseNext {
  const notBefore = context.now + context.spread;
  return proceed({ at: 'waiting', wish, seen, notBefore, doing: 'resting' }, context);
}

export function stepWaiting(state: Waiting, input: LeaseAnswer, context: LeaseContext): LeaseNext {
  const { now, spread } = context;
  switch (input.got) {
    case 'time':
      if (state.doing === 'reading') return { state };
      return now < dueAt(state, context) ? look(state) : proceed(state, context);
    case 'told':
      if (state.seen?.lease.text === input.lease.text) return { state };
      return proceed({ ...state, seen: see(state.seen, input.lease, context), notBefore: now + spread }, context);
    case 'read':
      if (state.seen?.lease.text === input.lease.text) return proceed(state, context);
      // Each service reads at a time of its own.
      return proceed({ ...state, seen: see(state.seen, input.lease, context), notBefore: now }, context);
    default:
      return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until: now + RETRY_AFTER } };
  }
}

/** Sends an attempt if one is due. Waits until then otherwise, or until it is to be looked at. */
export function proceed(state: Waiting, context: LeaseContext): LeaseNext {
  const { wish, seen } = state;
  const due = dueAt(state, context);
  if (context.now < due) {
    const every = seen?.lease.is === 'held' ? LOOK_EVERY : LOOK_SELDOM_EVERY;
    const until = Math.min(due, context.now + every);
    return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until } };
  }
  if (seen === undefined) return look(state);
  const sent = newTurn(wish, context);
  const [from, to] = [seen.lease, sent.lease.text];
  return {
    state: { at: 'taking', wish, seen, sent, doing: 'sending', unwanted: undefined },
    effect: from.is === 'missing' ? { do: 'add', lease: to } : { do: 'swap', from: from.text, to },
  };
}

export function look(state: Waiting): LeaseNext {
  return { state: { ...state, doing: 'reading' }, effect: { do: 'read' } };
}

/** When an attempt is due, if the lease stays as it was seen. */
function dueAt({ wish, seen, notBefore }: Waiting, context: LeaseContext): number {
  // It is read first: most exist, and an add that is refused costs more than a read.
  if (seen === undefined) return notBefore;
  return Math.max(notBefore, takeableAt(seen, wish.inWork ? wish.since : undefined, context));
}

/**
 * When a lease may be taken that stays as it was seen. `inWorkSince`: since when it is wanted for an
 * account in work; undefined if the account is not.
 */
export function takeableAt(
  { lease, since, deleted }: Seen,
  inWorkSince: number | undefined,
  { holder, duration, spread }: Pick<LeaseContext, 'holder' | 'duration' | 'spread'>,
): number {
  switch (lease.is) {
    case 'left':
      return -Infinity;
    case 'free':
    case 'missing':
      if (inWorkSince === undefined && !deleted) return -Infinity;
      return Math.max(since, inWorkSince ?? since) + duration + spread;
    case 'unclear':
      return Infinity;
    case 'held':
    case 'paused':
      return lease.holder === holder ? -Infinity : since + lease.duration + spread;
  }
}

export function newTurn({ job }: Wish, { now, turn, holder, duration }: LeaseContext): Sent {
  return { lease: heldLease({ holder, job, turn, duration }), sentAt: now };
}

/** What is known after another reading. Leases are not deleted in operation. */
export function see(seen: Seen | undefined, lease: LeaseReading, { now }: LeaseContext): Seen {
  if (seen?.lease.text === lease.text) return seen;
  return { lease, since: now, deleted: lease.is === 'missing' && seen !== undefined };
}
