import type { AccountRecord } from '../../src/domain/account.ts';
import type { Decision } from '../../src/domain/decide.ts';
import { type DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { WORDS } from '../../src/domain/mode.ts';
import { backoff } from '../../src/domain/retry.ts';
import { returnCodeName } from '../../src/domain/return-code.ts';
import { type ClaimedJob, type EndedWork, refOf } from '../candidate.ts';
import type { AfterHandler } from './after-handler.ts';
import type { ClaimNote, ClaimResult } from './claim-state.ts';
import type { WriteBackResult } from './write-back-state.ts';

/*
 * What the steps of an account tell: events as functions of what each step led to. Both the service
 * and the replay of its record tell them so.
 */

/** What is told of an account in sight; nothing where nothing is asked. */
export function decisionEvent(record: AccountRecord, decision: Decision): StreamEvent | undefined {
  const ref = refOf(record);
  switch (decision.kind) {
    case 'claim':
    case 'resume':
    case 'takeOver':
      return { event: 'queued', ...ref };
    case 'defer':
      return { event: 'deferred', until: decision.until, ...ref };
    case 'wait':
      return { event: 'waiting', reason: decision.reason, ...ref };
    case 'failed':
      return { event: 'skipped', reason: decision.reason, ...failureOf(record, decision.returnValue), ...ref };
    case 'settled':
      return undefined;
  }
}

function failureOf(record: AccountRecord, returnValue: string): { returnValue?: number; failedAt?: string } {
  const code = Number(returnValue);
  return {
    ...(Number.isSafeInteger(code) ? { returnValue: code } : {}),
    ...(record.modifiedAt === undefined ? {} : { failedAt: new Date(record.modifiedAt).toISOString() }),
  };
}

/** What a dry run would do. */
export function dryRunEvent(record: AccountRecord, { kind, reason }: Decision): StreamEvent {
  return { event: 'skipped', reason: `dry run: would ${kind}, as ${reason}`, ...refOf(record) };
}

export function conflictEvent({ record, reason }: Extract<ClaimNote, { note: 'conflict' }>): StreamEvent {
  return { event: 'conflict', reason, ...refOf(record) };
}

export function claimedEvent({ id, record, resumed }: ClaimedJob): StreamEvent {
  return { event: resumed ? 'resumed' : 'claimed', ...refOf(record, id) };
}

/** `record`: the account as it was to be claimed. Nothing is told of one that is decided about anew. */
export function notClaimedEvent(
  record: AccountRecord,
  result: Exclude<ClaimResult, { readonly kind: 'claimed' }>,
): StreamEvent | undefined {
  switch (result.kind) {
    case 'notNow':
      return undefined;
    case 'refused': {
      // It is tried again when the account changes, or with the next list.
      const isTooLarge = result.error.resultCode === ResultCode.answerTooLarge;
      const what = isTooLarge ? 'it cannot be worked on' : 'the directory refuses the claim';
      const reason = `${what}: ${result.error.sentence}`;
      return { event: 'skipped', reason, ...codeOf(result.error), ...refOf(record) };
    }
    case 'gone':
      return { event: 'left', ...refOf(record) };
    case 'unworkable':
      return { event: 'skipped', reason: result.reason, dn: result.dn, uid: record.uid };
  }
}

/** Nothing is told here of an outcome that is to be written, or that the stop of the service made. */
export function afterHandlerEvent(
  job: ClaimedJob,
  outcome: HandlerOutcome,
  after: AfterHandler,
): StreamEvent | undefined {
  if (after.to === 'newerRequest') return overtakenEvent(job);
  if (after.to !== 'repeat' || outcome.ok) return undefined;
  const { attempt, inMilliseconds } = after;
  return { event: 'retrying', attempt, inMilliseconds, reason: outcome.reason, ...refOf(job.record, job.id) };
}

/** A newer request is in sight, and takes its turn next: nothing of this attempt comes back. */
export function overtakenEvent({ id, record }: Pick<ClaimedJob, 'id' | 'record'>): StreamEvent {
  return { event: 'superseded', reason: NEWER_REQUEST, ...refOf(record, id) };
}

export const NEWER_REQUEST = 'a newer request was written';

export function writeBackEvent(work: EndedWork, result: WriteBackResult): StreamEvent {
  const { job, outcome, milliseconds } = work;
  const ref = refOf(job.record, job.id);
  switch (result.kind) {
    case 'superseded':
      return { event: 'superseded', reason: result.reason, ...ref };
    case 'refused':
      return keptEvent(work, result.error);
    case 'written': {
      const { finished: mode, requested } = WORDS[job.mode];
      if (outcome.ok) {
        return { event: 'finished', state: result.state, milliseconds: Math.round(milliseconds), ...ref, mode };
      }
      const { returnValue, step } = outcome;
      const reason = result.noted ? outcome.reason : `${outcome.reason}; ${NOT_NOTED} ${requested}`;
      return { event: 'failed', returnValue, reason: nameCode(returnValue, reason), step, ...ref };
    }
  }
}

/** The directory refuses the outcome for now. It is kept, and offered again. */
function keptEvent({ job, tries }: EndedWork, error: DirectoryError): StreamEvent {
  const refusals = tries + 1;
  return {
    event: 'retrying',
    attempt: refusals + 1,
    inMilliseconds: refusedPause(refusals),
    reason: `the directory refuses the outcome, which is kept: ${error.sentence}`,
    ...codeOf(error),
    ...refOf(job.record, job.id),
  };
}

/** How long an outcome is kept that the directory has refused so often, in milliseconds. */
export function refusedPause(refusals: number): number {
  return backoff(refusals, { initial: 5_000, max: 600_000 });
}

/** The code by which the directory refused, where it did. */
export function codeOf({ resultCode }: DirectoryError): { readonly resultCode?: number } {
  return resultCode === undefined ? {} : { resultCode };
}

const NOT_NOTED =
  'the directory does not take the return value, so that it is taken up again at the next start of the service, or when somebody writes the mode';

function nameCode(returnValue: number, reason: string): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? reason : `${name}: ${reason}`;
}
