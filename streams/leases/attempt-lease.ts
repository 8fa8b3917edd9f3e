import { heldLease, type LeaseReading } from '../../src/domain/lease.ts';
import {
  type LeaseAnswer,
  type LeaseContext,
  type LeaseNext,
  LOOK_EVERY,
  LOOK_SELDOM_EVERY,
  type Purpose,
  RETRY_AFTER,
  type Seen,
  type Sent,
  type Waiting,
} from './lease-state.ts';

/** Waits for a lease that a turn needs, and attempts to take it when that is allowed. */
export function beginWaiting(
  purpose: Purpose,
  seen: Seen | undefined,
  context: LeaseContext,
  lookFirst = false,
): LeaseNext {
  const notBefore = context.now + context.spread;
  const state: Waiting = { at: 'waiting', purpose, seen, notBefore, doing: 'resting' };
  return lookFirst ? look(state) : proceed(state, context);
}

export function stepWaiting(state: Waiting, input: LeaseAnswer, context: LeaseContext): LeaseNext {
  const { now, spread } = context;
  switch (input.got) {
    case 'time':
      if (state.doing === 'reading') return { state };
      return now < dueAt(state, context) ? look(state) : proceed(state, context);
    case 'observed':
      if (state.seen?.lease.text === input.lease.text) return { state };
      return proceed({ ...state, seen: see(state.seen, input.lease, context), notBefore: now + spread }, context);
    case 'read':
      if (state.seen?.lease.text === input.lease.text) return proceed(state, context);
      // Each service reads at its own time, so no spread is needed.
      return proceed({ ...state, seen: see(state.seen, input.lease, context), notBefore: now }, context);
    default:
      return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until: now + RETRY_AFTER } };
  }
}

/** Sends an attempt if one is due. Otherwise waits until one is due, or until the next reading. */
export function proceed(state: Waiting, context: LeaseContext): LeaseNext {
  const { purpose, seen } = state;
  const due = dueAt(state, context);
  if (context.now < due) {
    const every = seen?.lease.is === 'held' ? LOOK_EVERY : LOOK_SELDOM_EVERY;
    const until = Math.min(due, context.now + every);
    return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until } };
  }
  if (seen === undefined) return look(state);
  const sent = newTurn(purpose, context);
  const [from, to] = [seen.lease, sent.lease.text];
  return {
    state: { at: 'taking', purpose, seen, sent, doing: 'sending', unwanted: undefined },
    effect: from.is === 'missing' ? { do: 'add', lease: to } : { do: 'swap', from: from.text, to },
  };
}

export function look(state: Waiting): LeaseNext {
  return { state: { ...state, doing: 'reading' }, effect: { do: 'read' } };
}

/** The time at which an attempt is due, if the lease does not change until then. */
function dueAt({ purpose, seen, notBefore }: Waiting, context: LeaseContext): number {
  // An unknown lease is read first. Most leases exist, and a refused add costs more than a read.
  if (seen === undefined) return notBefore;
  return Math.max(notBefore, takeableAt(seen, purpose.inWork ? purpose.since : undefined, context));
}

type TakeableContext = Pick<LeaseContext, 'holder' | 'duration' | 'spread'>;

/**
 * The time at which a lease may be taken, if it does not change until then. `inWorkSince`: since
 * when it is needed for an account in work; undefined if the account is not in work.
 */
export function takeableAt(seen: Seen, inWorkSince: number | undefined, context: TakeableContext): number {
  const { lease, since } = seen;
  const { duration, spread } = context;
  if (lease.is === 'unclear') return Infinity;
  if ((lease.is === 'held' || lease.is === 'paused') && !isOwn(lease, context)) return since + lease.duration + spread;
  return mayBeAtWork(seen, inWorkSince !== undefined)
    ? Math.max(since, inWorkSince ?? since) + duration + spread
    : -Infinity;
}

/** Whether a service may be at work on the account although the lease does not name it. */
function mayBeAtWork({ lease, doubtful }: Seen, inWork: boolean): boolean {
  if (lease.is === 'free') return inWork;
  if (lease.is === 'missing') return inWork || doubtful;
  return inWork && doubtful;
}

export function newTurn({ job }: Purpose, { now, turn, holder, duration }: LeaseContext): Sent {
  return { lease: heldLease({ holder, job, turn, duration }), sentAt: now };
}

/** Returns what is known of the lease after another reading. */
export function see(seen: Seen | undefined, lease: LeaseReading, context: LeaseContext): Seen {
  if (seen?.lease.text === lease.text) return seen;
  if (seen === undefined || (isOwn(seen.lease, context) && isOwn(lease, context))) {
    return { lease, since: context.now, doubtful: seen?.doubtful ?? false };
  }
  return seeChanged(lease, context);
}

/** Returns what is known of a lease whose value has changed. */
export function seeChanged(lease: LeaseReading, context: LeaseContext): Seen {
  return { lease, since: context.now, doubtful: lease.is === 'missing' || isOwn(lease, context) };
}

function isOwn(lease: LeaseReading, { holder }: Pick<LeaseContext, 'holder'>): boolean {
  return (lease.is === 'held' || lease.is === 'paused') && lease.holder === holder;
}
