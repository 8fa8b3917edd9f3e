import type { OperatorFunction } from 'rxjs';
import type { AccountRecord } from '../../src/domain/account.ts';
import { ResultCode } from '../../src/domain/directory-error.ts';
import { type Candidate, type ClaimedJob, foreignClaim, refOf } from '../candidate.ts';
import type { ClaimEffect, ClaimInput, ClaimMachine, ClaimResult } from '../claim-state.ts';
import { beginClaim, stepClaim } from '../claim-step.ts';
import { run } from '../machine.ts';
import { readAgain } from '../read-again.ts';
import type { Slot } from '../slots.ts';
import type { Surroundings } from '../surroundings.ts';
import { DONE, decideAgain, stage, type Turn, type TurnResult } from '../turn.ts';
import { codeOf, type Pause, pauseFor } from '../wait-for-directory.ts';

/**
 * unclaimed -> claimed, done or decideAgain: takes the account by compare-and-swap, or finds that
 * there is nothing to take.
 * Waits while the directory is away, until the service is drained.
 */
export function claim(surroundings: Surroundings, slot: Slot): OperatorFunction<Turn, Turn> {
  const { open, report, draining, signal } = surroundings;
  return stage('unclaimed', surroundings, async ({ candidate }) => {
    const pause = pauseFor(candidate.record, undefined, draining, slot, surroundings);
    const result = await claimAccount(candidate, surroundings, pause);
    if (result.kind === 'refused' && signal.aborted) throw result.error;
    if (result.kind !== 'claimed') return notClaimed(candidate, result, surroundings);
    const job = jobOf(candidate, result, surroundings);
    open.wrote(candidate.id, job.record, { working: true, made: job.record.entryCSN });
    report({ event: job.resumed ? 'resumed' : 'claimed', ...refOf(job.record, job.id) });
    return { at: 'claimed', candidate, job };
  });
}

/** Runs the machine of the claim. Rejects when the service stops. */
export function claimAccount(candidate: Candidate, surroundings: Surroundings, pause: Pause): Promise<ClaimResult> {
  const { open, report } = surroundings;
  const machine: ClaimMachine = {
    begin: beginClaim(candidate, surroundings),
    step: (state, input) => stepClaim(state, input, surroundings),
  };
  return run(
    machine,
    (effect) => perform(effect, candidate.record, surroundings, pause),
    (told) => {
      if (told.note === 'claiming') open.claiming(candidate.id, told.record, told.fence);
      else report({ event: 'conflict', reason: told.reason, ...refOf(told.record) });
    },
  );
}

async function perform(
  effect: ClaimEffect,
  first: AccountRecord,
  surroundings: Surroundings,
  pause: Pause,
): Promise<ClaimInput> {
  const { directory, objection, open } = surroundings;
  const shown = (entry: Awaited<ReturnType<typeof directory.read>>): ClaimInput => ({
    got: 'entry',
    entry,
    othersAtWork: open.isOtherAtWork(first),
  });
  switch (effect.do) {
    case 'find':
      return shown(await readAgain(first, directory));
    case 'read':
      return shown(await directory.read(effect.dn));
    case 'modify':
      return shown(await directory.modify(effect.dn, effect.list, { postRead: 'entry', fence: effect.fence }));
    case 'ask':
      return { got: 'objection', reason: await objection(effect.record) };
    case 'judge':
      return judge(effect, surroundings);
    case 'pause':
      await pause(effect.failures, effect.error);
      return { got: 'time' };
  }
}

function judge(
  { record, mayBeOthers }: Extract<ClaimEffect, { do: 'judge' }>,
  { alone, open, report, decideNow, fencing, newToken }: Surroundings,
): ClaimInput {
  const own = open.versions.isOwn(record) || (alone && open.versions.mayBeOwn(record));
  if (mayBeOthers && !own && open.learnt(record)) report(foreignClaim(record));
  let token = newToken();
  while (token === record.date?.value) token = newToken();
  return { got: 'judgement', decision: decideNow(record), own, fencing: fencing(), token };
}

function notClaimed(
  candidate: Candidate,
  result: Exclude<ClaimResult, { kind: 'claimed' }>,
  { open, report }: Surroundings,
): TurnResult {
  open.release(candidate.id);
  switch (result.kind) {
    case 'notNow':
      return decideAgain(candidate, result.record, true, open);
    case 'refused': {
      // It is tried again when the account changes, or with the next list.
      const isTooLarge = result.error.resultCode === ResultCode.answerTooLarge;
      const what = isTooLarge ? 'it cannot be worked on' : 'the directory refuses the claim';
      const reason = `${what}: ${result.error.sentence}`;
      report({ event: 'skipped', reason, ...codeOf(result.error), ...refOf(candidate.record) });
      return DONE;
    }
    case 'gone':
      open.forget(candidate.id);
      report({ event: 'left', ...refOf(candidate.record) });
      return DONE;
    case 'unworkable':
      open.forget(candidate.id);
      report({ event: 'skipped', reason: result.reason, dn: result.dn, uid: candidate.record.uid });
      return DONE;
  }
}

function jobOf(
  candidate: Candidate,
  { how, mode, record, entry, fence }: Extract<ClaimResult, { kind: 'claimed' }>,
  { nextJobId, monotonic }: Surroundings,
): ClaimedJob {
  const retried = candidate.own?.kind === 'retry' && how === 'resume' ? candidate.own : undefined;
  const lost = retried?.lost ?? 0;
  return {
    id: nextJobId(),
    mode,
    record,
    entry,
    fence,
    claimedAt: monotonic(),
    attempt: retried?.attempt ?? 1,
    resumed: how !== 'claim' && (retried === undefined || lost > 0),
    lost,
  };
}
