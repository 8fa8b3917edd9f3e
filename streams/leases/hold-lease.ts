import {
  FREE,
  type Lease,
  type LeaseReading,
  leftLease,
  type PausedLease,
  pausedLease,
} from '../../src/domain/lease.ts';
import { beginWaiting, newTurn, seeChanged } from './attempt-lease.ts';
import {
  type Held,
  type LeaseAnswer,
  type LeaseContext,
  type LeaseNext,
  type Purpose,
  RETRY_AFTER,
  type Release,
  type Releasing,
  type Sent,
  SLACK,
} from './lease-state.ts';

/**
 * The steps of a lease that is held or given up. Each write swaps the value that this service wrote
 * last.
 */
export function stepHeld(state: Held, input: LeaseAnswer, context: LeaseContext): LeaseNext {
  const { lease, next, doing } = state;
  switch (input.got) {
    case 'done':
      return next === undefined ? { state } : renewed(state, next, context);
    case 'refused':
      return { state: { ...state, doing: 'reading' }, effect: { do: 'read' } };
    case 'noAnswer':
      return { state: { ...state, doing: 'pausing' }, effect: { do: 'wait', until: context.now + RETRY_AFTER } };
    case 'time':
      if (doing === 'pausing') return { state: { ...state, doing: 'reading' }, effect: { do: 'read' } };
      return doing === 'resting' ? renew(state, context) : { state };
    case 'read':
      if (next !== undefined && input.lease.text === next.lease.text) return renewed(state, next, context);
      if (input.lease.text === lease.text) {
        return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until: context.now + RETRY_AFTER } };
      }
      return {
        state: { at: 'lost', seen: seeChanged(input.lease, context) },
        effect: { do: 'nothing' },
      };
    case 'observed':
      return { state };
  }
}

/**
 * Sends a renewal. After a renewal without an answer, the same value is sent again. So at most two
 * values can be this service's own.
 */
function renew(state: Held, context: LeaseContext): LeaseNext {
  const next = state.next ?? newTurn(state.purpose, context);
  return {
    state: { ...state, next, doing: 'sending' },
    effect: { do: 'swap', from: state.lease.text, to: next.lease.text },
  };
}

function renewed(state: Held, next: Sent, context: LeaseContext): LeaseNext {
  return goOn({ ...state, lease: next.lease, next: undefined, deadline: deadlineOf(next, context) }, context);
}

/** Waits until half of the time to the deadline has passed since the last renewal was sent. */
export function goOn(state: Held, context: LeaseContext): LeaseNext {
  const until = state.deadline - (state.lease.duration - context.killGrace - SLACK) / 2;
  if (context.now >= until) return renew(state, context);
  return { state: { ...state, doing: 'resting' }, effect: { do: 'wait', until } };
}

export function deadlineOf({ lease, sentAt }: Sent, { killGrace }: LeaseContext): number {
  return sentAt + lease.duration - killGrace - SLACK;
}

/** The time from which the deadline is counted: when the last confirmed renewal was sent. */
export function renewedAt({ lease, deadline }: Held, { killGrace }: Pick<LeaseContext, 'killGrace'>): number {
  return deadline - lease.duration + killGrace + SLACK;
}

export function held(purpose: Purpose, before: LeaseReading, lease: Held['lease']): Omit<Held, 'deadline'> {
  return { at: 'held', purpose, before, lease, next: undefined, doing: 'resting' };
}

/**
 * Ends a pause of this service by a renewal. The lease is lost if another service has ended the
 * pause.
 */
export function wake(lease: PausedLease, purpose: Purpose, context: LeaseContext): LeaseNext {
  return renew({ ...held(purpose, lease, lease), deadline: -Infinity }, context);
}

/** Sends the release. */
export function giveUp(
  { lease, next }: Pick<Held, 'lease' | 'next'>,
  asked: Release,
  context: LeaseContext,
): LeaseNext {
  const to = released(asked, lease, context);
  return sendRelease(
    { at: 'releasing', lease, next, to, doing: 'sending', purpose: undefined, instead: undefined },
    lease,
  );
}

function sendRelease(state: Releasing, lease: Held['lease']): LeaseNext {
  return {
    state: { ...state, lease, doing: 'sending' },
    effect: { do: 'swap', from: lease.text, to: state.to.text },
  };
}

/**
 * The value to write. This service is to end its own pause, so other services wait one duration
 * longer.
 */
export function released(asked: Release, { job }: Held['lease'], context: LeaseContext): Lease {
  if (asked.to === 'free') return FREE;
  if (asked.to === 'left') return leftLease(asked.attempt);
  const { holder, turn, duration } = context;
  return pausedLease({ holder, job, turn, duration: asked.pause + duration }, asked.attempt);
}

export function stepReleasing(state: Releasing, input: LeaseAnswer, context: LeaseContext): LeaseNext {
  const { lease, next, to, doing } = state;
  switch (input.got) {
    case 'done':
      if (doing === 'renewing' && next !== undefined) return sendRelease(state, next.lease);
      return givenUp(state, to, context);
    case 'refused':
    case 'noAnswer':
      return { state: { ...state, doing: 'pausing' }, effect: { do: 'wait', until: context.now + RETRY_AFTER } };
    case 'time':
      return doing === 'pausing' ? { state: { ...state, doing: 'reading' }, effect: { do: 'read' } } : { state };
    case 'read':
      if (input.lease.text === lease.text) return sendRelease(state, lease);
      if (input.lease.text === next?.lease.text) return sendRelease(state, next.lease);
      return givenUp(state, input.lease, context);
    case 'observed':
      return { state };
  }
}

/** Returns what follows when the release has ended, with the lease as it is now. */
function givenUp({ to, purpose, instead }: Releasing, lease: LeaseReading, context: LeaseContext): LeaseNext {
  const seen = seeChanged(lease, context);
  if (to.is !== 'paused') {
    return purpose === undefined
      ? { state: { at: 'none', seen }, effect: { do: 'nothing' } }
      : beginWaiting(purpose, seen, context);
  }
  if (lease.text !== to.text) return { state: { at: 'lost', seen }, effect: { do: 'nothing' } };
  if (purpose !== undefined) return wake(to, purpose, context);
  if (instead !== undefined) return giveUp({ lease: to, next: undefined }, instead, context);
  return { state: { at: 'paused', lease: to }, effect: { do: 'nothing' } };
}
