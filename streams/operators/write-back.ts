import type { OperatorFunction } from 'rxjs';
import { defined } from '../../src/domain/defined.ts';
import { type ClaimedJob, type EndedWork, refOf } from '../candidate.ts';
import type { Slot } from '../slots.ts';
import { afterRefusal } from '../turn/after-work.ts';
import { type Failed, run } from '../turn/machine.ts';
import { readAgain } from '../turn/read-again.ts';
import { DONE, decideAgain, stage, type Turn, type TurnResult } from '../turn/turn.ts';
import { afterRefusalEvent, foreignClaimEvent, writeBackEvent } from '../turn/turn-events.ts';
import { type Pause, pauseFor } from '../turn/wait-for-directory.ts';
import type { WriteBackEffect, WriteBackInput, WriteBackResult } from '../turn/write-back-state.ts';
import { beginWriteBack, stepWriteBack } from '../turn/write-back-step.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';

type Ended = Extract<Turn, { readonly at: 'ended' }>;

/**
 * ended -> done, decideAgain, paused or rests: writes the outcome into the entry, unless the entry
 * was written to since the claim. Waits while the directory is away. An outcome that the directory
 * refuses is kept, and written again later.
 */
export function writeBack(dependencies: TurnDependencies, slot: Slot): OperatorFunction<Turn, Turn> {
  const { report, signal } = dependencies;
  return stage('ended', dependencies, async (turn) => {
    const { candidate, work } = turn;
    const { job } = work;
    try {
      const pause = pauseFor(job.record, job.id, signal, slot, dependencies);
      const result = await writeOutcome(candidate.id, work, dependencies, pause);
      if (result.kind === 'refused') signal.throwIfAborted();
      return conclude(turn, result, dependencies);
    } catch (error) {
      if (signal.aborted) report({ event: 'skipped', reason: UNWRITTEN_AT_STOP, ...refOf(job.record, job.id) });
      throw error;
    }
  });
}

/** Runs the machine of the write-back. Rejects when the service stops. */
export function writeOutcome(
  id: string,
  work: EndedWork,
  dependencies: TurnDependencies,
  pause: Pause,
): Promise<WriteBackResult> {
  const { open, stateNow, observePureStep } = dependencies;
  const { job } = work;
  const { uid } = job.record;
  const now = stateNow();
  const first = beginWriteBack(work, now, dependencies);
  observePureStep({ step: 'beginWriteBack', uid, work, now, next: first });
  return run(first, {
    step: (state, input: WriteBackInput | Failed) => {
      const next = stepWriteBack(state, input, dependencies);
      observePureStep({ step: 'stepWriteBack', uid, state, input, next });
      return next;
    },
    perform: (effect) => perform(effect, id, job, dependencies, pause),
    tell: ({ record }) => open.writing(id, record),
  });
}

async function perform(
  effect: WriteBackEffect,
  id: string,
  { record: { uid } }: ClaimedJob,
  { directory, open, leases }: TurnDependencies,
  pause: Pause,
): Promise<WriteBackInput> {
  switch (effect.do) {
    case 'modify': {
      const { dn, list, fence } = effect;
      const entry = await directory.modify(dn, list, {
        fence,
        ...(fence.by === 'version' ? { postRead: 'version' } : {}),
      });
      return { got: 'written', made: entry?.values('entryCSN')[0]?.toString('utf8') };
    }
    case 'find': {
      const entry = await readAgain(effect.record, directory);
      // A renewal after the read shows that no other service had the lease until then.
      const mayBeTakenOver = !(await leases.renew(uid));
      return { got: 'standing', entry, askedAgain: open.isAskedAgain(id), mayBeTakenOver };
    }
    case 'pause':
      await pause(effect.failures, effect.error);
      return { got: 'time' };
  }
}

function conclude(turn: Ended, result: WriteBackResult, dependencies: TurnDependencies): TurnResult {
  switch (result.kind) {
    case 'written':
      return written(turn, result, dependencies);
    case 'superseded':
      return superseded(turn, result, dependencies);
    case 'refused':
      return refused(turn, result, dependencies);
  }
}

function written(
  turn: Ended,
  result: Extract<WriteBackResult, { kind: 'written' }>,
  { open, report, now }: TurnDependencies,
): TurnResult {
  const { candidate, work } = turn;
  const { id } = candidate;
  const { record, made } = result;
  if (work.outcome.ok) open.finished(id, made);
  else open.wrote(id, record, { working: false, made });
  const event = writeBackEvent(work, result);
  report(event);
  if (event.event !== 'failed') return DONE;
  const { returnValue, reason, step, cause, modifiedBy } = event;
  const why = {
    condition: 'failed',
    returnValue,
    reason,
    step,
    ...defined({ cause, modifiedBy }),
    failedAt: now(),
  } as const;
  return { at: 'rests', candidate: { id, record, fresh: false }, why };
}

function superseded(
  turn: Ended,
  result: Extract<WriteBackResult, { kind: 'superseded' }>,
  { open, report, underLeases }: TurnDependencies,
): TurnResult {
  const { candidate, work } = turn;
  const { record } = result;
  open.release(candidate.id);
  report(writeBackEvent(work, result));
  if (record === undefined) {
    open.forget(candidate.id);
    return DONE;
  }
  if (!underLeases && open.learnt(record)) report(foreignClaimEvent(record));
  return decideAgain(candidate, record, false, open);
}

/**
 * The directory refuses the outcome for now. It is kept and written in another turn, unless there
 * is a newer request.
 */
function refused(
  { candidate: { id, ownWork: before }, work }: Ended,
  { error }: Extract<WriteBackResult, { kind: 'refused' }>,
  { open, report, observePureStep, now }: TurnDependencies,
): TurnResult {
  const { job, tries } = work;
  const { record } = job;
  const isOvertaken = open.isOvertaken(id);
  const next = afterRefusal(tries, isOvertaken);
  observePureStep({ step: 'afterRefusal', uid: record.uid, job, error, tries, isOvertaken, next });
  if (next.to === 'keep') open.wrote(id, record, { working: false });
  else open.release(id);
  const event = afterRefusalEvent(job, error, next);
  report(event);
  if (next.to !== 'keep' || event.event !== 'retrying') return DONE;
  const { attempt, inMilliseconds, reason } = event;
  const failedAt = (before?.kind === 'unwritten' ? before.failedAt : undefined) ?? now();
  const ownWork = { kind: 'unwritten', work: { ...work, tries: next.tries }, failedAt } as const;
  const why = { condition: 'retrying', attempt, reason, dueAt: now() + inMilliseconds, failedAt } as const;
  return { at: 'paused', candidate: { id, record, fresh: false, ownWork }, inMilliseconds, why };
}

const UNWRITTEN_AT_STOP =
  'the service stops before the directory took the outcome of its handler: it is taken up again at the next start';
