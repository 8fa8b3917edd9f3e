import type { OperatorFunction } from 'rxjs';
import type { AccountRecord } from '../../src/domain/account.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { readMode, WORDS } from '../../src/domain/mode.ts';
import { backoff } from '../../src/domain/retry.ts';
import { returnCodeName } from '../../src/domain/return-code.ts';
import { handOver } from '../../src/domain/transition.ts';
import { type ClaimedJob, foreignClaim, refOf } from '../candidate.ts';
import { run } from '../machine.ts';
import { readAgain } from '../read-again.ts';
import type { Slot } from '../slots.ts';
import type { Surroundings } from '../surroundings.ts';
import { DONE, decideAgain, overtaken, stage, type Turn, type TurnResult } from '../turn.ts';
import { codeOf, type Pause, pauseFor } from '../wait-for-directory.ts';
import type { WriteBackEffect, WriteBackInput, WriteBackMachine, WriteBackResult } from '../write-back-state.ts';
import { beginWriteBack, stepWriteBack } from '../write-back-step.ts';

type Ended = Extract<Turn, { readonly at: 'ended' }>;

/**
 * How long an outcome that the directory refuses is kept before it is offered again, in
 * milliseconds.
 */
const REFUSED_AGAIN = { initial: 5_000, max: 600_000 };

/**
 * ended -> done, decideAgain or again: writes the outcome into the entry, unless somebody has
 * written to it since the claim.
 * Waits while the directory is away; what it refuses is kept, and offered again later.
 */
export function writeBack(surroundings: Surroundings, slot: Slot): OperatorFunction<Turn, Turn> {
  const { report, signal } = surroundings;
  return stage('ended', surroundings, async (turn) => {
    const { job, outcome, candidate } = turn;
    try {
      const pause = pauseFor(job.record, job.id, signal, slot, surroundings);
      const result = await writeOutcome(candidate.id, job, outcome, surroundings, pause);
      if (result.kind === 'refused' && signal.aborted) throw result.error;
      return await told(turn, result, surroundings);
    } catch (error) {
      if (signal.aborted) report({ event: 'skipped', reason: UNWRITTEN_AT_STOP, ...refOf(job.record, job.id) });
      throw error;
    }
  });
}

/** Runs the machine of the write-back. Rejects when the service stops. */
export function writeOutcome(
  id: string,
  job: ClaimedJob,
  outcome: HandlerOutcome,
  surroundings: Surroundings,
  pause: Pause,
): Promise<WriteBackResult> {
  const { open, stateNow } = surroundings;
  const machine: WriteBackMachine = {
    begin: beginWriteBack(job, outcome, stateNow(), surroundings),
    step: (state, input) => stepWriteBack(state, input, surroundings),
  };
  return run(
    machine,
    (effect) => perform(effect, id, job, surroundings, pause),
    ({ record }) => open.writing(id, record),
  );
}

async function perform(
  effect: WriteBackEffect,
  id: string,
  { claimedAt }: ClaimedJob,
  { directory, open, alone, monotonic, longestHandlerMilliseconds }: Surroundings,
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
      const mayBeTakenOver = !alone && monotonic() - claimedAt > longestHandlerMilliseconds;
      return { got: 'standing', entry, askedAgain: open.isAskedAgain(id), mayBeTakenOver };
    }
    case 'pause':
      await pause(effect.failures, effect.error);
      return { got: 'time' };
  }
}

function told(turn: Ended, result: WriteBackResult, surroundings: Surroundings): Promise<TurnResult> | TurnResult {
  switch (result.kind) {
    case 'written':
      return written(turn, result, surroundings);
    case 'superseded':
      return superseded(turn, result, surroundings);
    case 'refused':
      return kept(turn, result.error, surroundings);
  }
}

function written(
  { candidate: { id }, job, outcome, milliseconds }: Ended,
  { state, record, noted, made }: Extract<WriteBackResult, { kind: 'written' }>,
  { open, report }: Surroundings,
): TurnResult {
  const ref = refOf(job.record, job.id);
  const { finished: mode, requested } = WORDS[job.mode];
  if (outcome.ok) {
    open.finished(id, made);
    report({ event: 'finished', state, milliseconds: Math.round(milliseconds), ...ref, mode });
  } else {
    const { returnValue, step } = outcome;
    open.wrote(id, record, { working: false, made });
    const reason = noted ? outcome.reason : `${outcome.reason}; ${NOT_NOTED} ${requested}`;
    report({ event: 'failed', returnValue, reason: nameCode(returnValue, reason), step, ...ref });
  }
  return DONE;
}

async function superseded(
  { candidate, job }: Ended,
  { reason, record }: Extract<WriteBackResult, { kind: 'superseded' }>,
  surroundings: Surroundings,
): Promise<TurnResult> {
  const { open, report, draining } = surroundings;
  open.release(candidate.id);
  report({ event: 'superseded', reason, ...refOf(job.record, job.id) });
  if (record === undefined) {
    open.forget(candidate.id);
    return DONE;
  }
  if (open.learnt(record)) report(foreignClaim(record));
  if (draining.aborted) await leaveToOthers(record, surroundings);
  return decideAgain(candidate, record, false, open);
}

/**
 * The directory refuses the outcome for now. It has another turn, unless a newer request has made
 * it void.
 */
function kept(
  { candidate: { id }, job, outcome, tries, milliseconds }: Ended,
  error: DirectoryError,
  { open, report }: Surroundings,
): TurnResult {
  if (open.isOvertaken(id)) return overtaken(id, job, open, report);
  const { record } = job;
  const refusals = tries + 1;
  const inMilliseconds = backoff(refusals, REFUSED_AGAIN);
  open.wrote(id, record, { working: false });
  const reason = `the directory refuses the outcome, which is kept: ${error.sentence}`;
  report({
    event: 'retrying',
    attempt: refusals + 1,
    inMilliseconds,
    reason,
    ...codeOf(error),
    ...refOf(record, job.id),
  });
  const own = { kind: 'unwritten', job, outcome, tries: refusals, milliseconds } as const;
  return { at: 'again', candidate: { id, record, fresh: false, own }, inMilliseconds };
}

/**
 * Other services need not wait for one that is about to end: what is asked now may be done at once.
 */
async function leaveToOthers(record: AccountRecord, { alone, directory, names }: Surroundings): Promise<void> {
  if (alone || readMode(record.mode)?.phase !== 'requested' || record.returnValue !== undefined) return;
  const list = handOver(record, names);
  // They wait a little longer where that is not taken; no more than that depends on it.
  if (list.length > 0) await directory.modify(record.dn, list).catch(() => {});
}

const NOT_NOTED =
  'the directory does not take the return value, so that it is taken up again at the next start of the service, or when somebody writes the mode';
const UNWRITTEN_AT_STOP =
  'the service stops before the directory took the outcome of its handler: it is taken up again at the next start';

function nameCode(returnValue: number, reason: string): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? reason : `${name}: ${reason}`;
}
