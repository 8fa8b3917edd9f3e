import { MISSING } from '../../src/domain/lease.ts';
import { beginWaiting, look, proceed, see, stepWaiting } from './attempt-lease.ts';
import { deadlineOf, giveUp, goOn, held, released, stepHeld, stepReleasing, wake } from './hold-lease.ts';
import {
  type LeaseAnswer,
  type LeaseContext,
  type LeaseInput,
  type LeaseNext,
  type LeaseState,
  type Purpose,
  RETRY_AFTER,
  type Release,
  type Seen,
  type Taking,
  type Waiting,
} from './lease-state.ts';

/** Returns the next state of a lease and what to do. Pure. A TypeError is a bug of the caller. */
export function stepLease(state: LeaseState, input: LeaseInput, context: LeaseContext): LeaseNext {
  if (input.got === 'take') return take(state, purposeOf(input, context), input.lookFirst === true, context);
  if (input.got === 'release') return release(state, input.release, context);
  switch (state.at) {
    case 'none':
      return input.got === 'read' || input.got === 'observed'
        ? { state: { at: 'none', seen: see(state.seen, input.lease, context) } }
        : { state };
    case 'waiting':
      return stepWaiting(state, input, context);
    case 'taking':
      return stepTaking(state, input, context);
    case 'held':
      return stepHeld(state, input, context);
    case 'releasing':
      return stepReleasing(state, input, context);
    case 'paused':
    case 'lost':
      return { state };
  }
}

const ALREADY_TAKEN = 'a lease was asked for that is being taken, or held';

function purposeOf({ job, inWork }: Omit<Purpose, 'since'>, { now }: LeaseContext): Purpose {
  return { job, inWork, since: now };
}

function take(state: LeaseState, purpose: Purpose, lookFirst: boolean, context: LeaseContext): LeaseNext {
  switch (state.at) {
    case 'none':
    case 'lost':
      return beginWaiting(purpose, state.seen, context, lookFirst);
    case 'waiting': {
      const same = purpose.inWork === state.purpose.inWork;
      const next = { ...state, purpose: same ? { ...purpose, since: state.purpose.since } : purpose };
      return state.doing === 'reading' ? { state: next } : proceed(next, context);
    }
    case 'releasing':
      return { state: { ...state, purpose, instead: undefined } };
    case 'paused':
      return wake(state.lease, purpose, context);
    case 'taking':
      // The attempt that is being sent belongs to the account as it was before.
      if (state.unwanted !== undefined) return { state: { ...state, unwanted: undefined } };
      throw new TypeError(ALREADY_TAKEN);
    case 'held':
      throw new TypeError(ALREADY_TAKEN);
  }
}

function release(state: LeaseState, asked: Release, context: LeaseContext): LeaseNext {
  switch (state.at) {
    case 'none':
      return { state };
    case 'waiting':
    case 'lost':
      return { state: { at: 'none', seen: state.seen }, effect: { do: 'nothing' } };
    case 'taking':
      return { state: { ...state, unwanted: asked } };
    case 'paused':
      return giveUp({ ...state, next: undefined }, asked, context);
    case 'held': {
      const { lease, next, doing } = state;
      if (doing === 'resting' || doing === 'pausing') return giveUp(state, asked, context);
      const to = released(asked, lease, context);
      const under = doing === 'sending' ? 'renewing' : doing;
      return { state: { at: 'releasing', lease, next, to, doing: under, purpose: undefined, instead: undefined } };
    }
    case 'releasing':
      return { state: { ...state, purpose: undefined, instead: state.to.is === 'paused' ? asked : undefined } };
  }
}

function stepTaking(state: Taking, input: LeaseAnswer, context: LeaseContext): LeaseNext {
  const { doing, sent } = state;
  switch (input.got) {
    case 'done':
      return taken(state, context);
    case 'refused':
      return notTaken(state, state.seen, context);
    case 'noAnswer':
      return { state: { ...state, doing: 'pausing' }, effect: { do: 'wait', until: context.now + RETRY_AFTER } };
    case 'time':
      return doing === 'pausing' ? { state: { ...state, doing: 'reading' }, effect: { do: 'read' } } : { state };
    case 'read':
      return input.lease.text === sent.lease.text
        ? taken(state, context)
        : notTaken(state, see(state.seen, input.lease, context), context);
    case 'observed':
      return { state };
  }
}

function taken({ purpose, seen, sent, unwanted }: Taking, context: LeaseContext): LeaseNext {
  const before = seen.doubtful ? MISSING : seen.lease;
  const state = { ...held(purpose, before, sent.lease), deadline: deadlineOf(sent, context) };
  return unwanted === undefined ? goOn(state, context) : giveUp(state, unwanted, context);
}

function notTaken({ purpose, unwanted, doing }: Taking, seen: Seen, context: LeaseContext): LeaseNext {
  if (unwanted !== undefined) return { state: { at: 'none', seen }, effect: { do: 'nothing' } };
  const notBefore = context.now + RETRY_AFTER + context.spread;
  // A refusal shows only that the lease has changed. A read shows its value.
  const state: Waiting = { at: 'waiting', purpose, seen, notBefore, doing: 'resting' };
  return doing === 'sending' ? look(state) : proceed(state, context);
}
