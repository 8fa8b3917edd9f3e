import type { OperatorFunction } from 'rxjs';
import { type Decision, isStart } from '../../src/domain/decide.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { identityOf } from '../accounts/identity.ts';
import type { Candidate } from '../candidate.ts';
import { OWN_SLOT, type Slot } from '../slots.ts';
import type { ClaimEffect, ClaimInput, ClaimResult } from '../turn/claim-state.ts';
import { beginClaim, stepClaim } from '../turn/claim-step.ts';
import { type Failed, run } from '../turn/machine.ts';
import { readAgain } from '../turn/read-again.ts';
import { takeLease } from '../turn/take-lease.ts';
import { DONE, decideAgain, jobOf, stage, type Turn, type TurnResult } from '../turn/turn.ts';
import { claimedEvent, conflictEvent, foreignClaimEvent, notClaimedEvent } from '../turn/turn-events.ts';
import { type Pause, pauseFor } from '../turn/wait-for-directory.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';

/**
 * unclaimed -> claimed, done, decideAgain or rests: claims the account by compare-and-swap, unless
 * there is nothing to claim. Waits while the directory is away, until the service is drained.
 */
export function claim(dependencies: TurnDependencies, slot: Slot): OperatorFunction<Turn, Turn> {
  const { open, report, gate, draining, nextJobId, monotonic } = dependencies;
  return stage('unclaimed', dependencies, async ({ candidate }) => {
    const id = nextJobId();
    const pause = pauseFor(candidate.record, undefined, draining, slot, dependencies);
    const result = await claimAccount(candidate, id, dependencies, pause, slot);
    if (result.kind !== 'claimed') return notClaimed(candidate, result, dependencies);
    gate.claimed(candidate.id);
    const job = jobOf(candidate, result, { id, claimedAt: monotonic() });
    open.wrote(candidate.id, job.record, { working: true, made: job.record.entryCSN });
    const event = claimedEvent(job);
    if (event !== undefined) report(event);
    return { at: 'claimed', candidate, job };
  });
}

/**
 * Runs the machine of the claim. `job` is the id of the attempt. Rejects when the service stops.
 */
export function claimAccount(
  candidate: Candidate,
  job: string,
  dependencies: TurnDependencies,
  pause: Pause,
  slot: Slot = OWN_SLOT,
): Promise<ClaimResult> {
  const { open, report, observePureStep } = dependencies;
  const { uid } = candidate.record;
  const first = beginClaim(candidate);
  observePureStep({ step: 'beginClaim', uid, job, candidate, next: first });
  return run(first, {
    step: (state, input: ClaimInput | Failed) => {
      const next = stepClaim(state, input, dependencies);
      observePureStep({ step: 'stepClaim', uid, job, state, input, next });
      return next;
    },
    perform: (effect) =>
      effect.do === 'lease'
        ? takeLease(candidate, effect.record, job, dependencies, slot)
        : perform(effect, candidate, dependencies, pause),
    tell: (note) => {
      if (note.note === 'claiming') open.claiming(candidate.id, note.record, note.fence);
      else report(conflictEvent(note));
    },
  });
}

async function perform(
  effect: Exclude<ClaimEffect, { readonly do: 'lease' }>,
  candidate: Candidate,
  dependencies: TurnDependencies,
  pause: Pause,
): Promise<ClaimInput> {
  const { directory, objection } = dependencies;
  const shown = (entry: DirectoryEntry | undefined): ClaimInput => ({ got: 'entry', entry });
  switch (effect.do) {
    case 'find':
      return shown(await readAgain(candidate.record, directory));
    case 'read':
      return shown(await directory.read(effect.dn));
    case 'modify':
      return shown(await directory.modify(effect.dn, effect.list, { postRead: 'entry', fence: effect.fence }));
    case 'ask':
      return { got: 'objection', reason: await objection(effect.record) };
    case 'judge':
      return judge(effect, candidate, dependencies);
    case 'pause':
      await pause(effect.failures, effect.error);
      return { got: 'time' };
  }
}

function judge(
  { record, mayBeForeign }: Extract<ClaimEffect, { do: 'judge' }>,
  { settlement }: Candidate,
  { underLeases, leases, open, report, decideNow, gate, fencing, newToken }: TurnDependencies,
): ClaimInput {
  const isOwnClaim = open.versions.isOwn(record) || open.versions.mayBeOwn(record);
  // Under leases, the lease shows whose claim it is.
  if (mayBeForeign && !underLeases && !isOwnClaim && open.learnt(record)) report(foreignClaimEvent(record));
  let token = newToken();
  while (token === record.date?.value) token = newToken();
  const leased = leases.isHeld(record.uid);
  const now = decideNow(record, 'claim');
  // A pause may have begun after the turn. It does not hold an account that is settled, because no
  // handler runs for it.
  const decision: Decision =
    isStart(now) && settlement === undefined && !gate.admits(identityOf(record), now.mode)
      ? { kind: 'wait', mode: now.mode, reason: 'the service is paused' }
      : now;
  return { got: 'judgement', decision, isOwnClaim, leased, fencing: fencing(), token };
}

function notClaimed(
  candidate: Candidate,
  result: Exclude<ClaimResult, { kind: 'claimed' }>,
  { open, report, gate, left }: TurnDependencies,
): TurnResult {
  const event = notClaimedEvent(candidate.record, result);
  open.release(candidate.id);
  gate.notClaimed(candidate.id);
  if (result.kind === 'notNow') return decideAgain(candidate, result.record, true, open);
  if (result.kind === 'gone' || result.kind === 'unworkable') open.forget(candidate.id);
  if (result.kind === 'gone') {
    const { dn, uid, mode } = candidate.record;
    left.left({ id: candidate.id, dn, uid, mode });
    return DONE;
  }
  if (event !== undefined) report(event);
  if (result.kind !== 'refused' || event?.event !== 'skipped') return DONE;
  const { id, record } = candidate;
  const why = { condition: 'waiting', reason: event.reason } as const;
  return { at: 'rests', candidate: { id, record, fresh: false }, why };
}
