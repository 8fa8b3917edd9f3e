import type { AccountRecord } from '../../src/domain/account.ts';
import { type Decision, isStart } from '../../src/domain/decide.ts';
import { defined } from '../../src/domain/defined.ts';
import { type DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { WORDS } from '../../src/domain/mode.ts';
import { returnCodeName } from '../../src/domain/return-code.ts';
import { isoTime } from '../../src/domain/timestamp.ts';
import { type ClaimedJob, type EndedWork, refOf } from '../candidate.ts';
import type { AfterHandler, AfterRefusal } from './after-work.ts';
import type { ClaimNote, ClaimResult } from './claim-state.ts';
import type { WriteBackResult } from './write-back-state.ts';

/*
 * The events that the steps of an account report, as functions of what each step led to. The
 * service and the replay of its record both use them. Events that the operators report by
 * themselves (a wait for the directory, the end of a hold, a claim of another service) belong to no
 * step, and are reported where they happen.
 */

/** The event for the decision about an account in sight; undefined if it has no request. */
export function decisionEvent(record: AccountRecord, decision: Decision): StreamEvent | undefined {
  const ref = refOf(record);
  switch (decision.kind) {
    case 'claim':
    case 'resume':
      return { event: 'queued', ...ref };
    case 'defer':
      return { event: 'deferred', until: decision.until, ...ref };
    case 'wait':
      return { event: 'waiting', reason: decision.reason, ...ref };
    case 'failed':
      return { event: 'skipped', reason: decision.reason, ...failureOf(record, decision.returnValue), ...ref };
    case 'noRequest':
      return undefined;
  }
}

function failureOf(record: AccountRecord, returnValue: string): { returnValue?: number; failedAt?: string } {
  const code = Number(returnValue);
  return {
    ...(Number.isSafeInteger(code) ? { returnValue: code } : {}),
    ...(record.modifiedAt === undefined ? {} : { failedAt: isoTime(record.modifiedAt) }),
  };
}

/** The event that says what a run without `--dry-run` would do. */
export function dryRunEvent(
  record: AccountRecord,
  decision: Decision,
): Extract<StreamEvent, { readonly event: 'skipped' }> {
  return { event: 'skipped', reason: `dry run: would ${dryRunWords(decision)}`, ...refOf(record) };
}

function dryRunWords(decision: Decision): string {
  if (!isStart(decision)) return `do nothing, as ${decision.reason}`;
  const { kind, mode, reason } = decision;
  const how = kind === 'claim' ? 'claim it' : 'resume it';
  return `${how} and run the steps of ${mode}, as ${reason}`;
}

export function conflictEvent({ record, reason }: Extract<ClaimNote, { note: 'conflict' }>): StreamEvent {
  return { event: 'conflict', reason, ...refOf(record) };
}

/** Returns undefined if no handler runs, because an operator has settled the account. */
export function claimedEvent({ id, record, resumed, settlement }: ClaimedJob): StreamEvent | undefined {
  if (settlement !== undefined) return undefined;
  return { event: resumed ? 'resumed' : 'claimed', ...refOf(record, id) };
}

/** The event of a claim by another service where there should be none. */
export function foreignClaimEvent(record: AccountRecord): StreamEvent {
  const by = record.modifiedBy === undefined ? 'another service' : record.modifiedBy;
  return {
    event: 'conflict',
    reason: `${by} claimed the account, and this service is to be the only one (instances: one)`,
    remedy: 'stop the other service, or set instances: several in both; a bind DN for each tells them apart',
    ...defined({ modifiedBy: record.modifiedBy }),
    ...refOf(record),
  };
}

/** `record`: the account that was to be claimed. Returns undefined if a new decision follows. */
export function notClaimedEvent(
  record: AccountRecord,
  result: Exclude<ClaimResult, { readonly kind: 'claimed' }>,
): StreamEvent | undefined {
  switch (result.kind) {
    case 'notNow':
    case 'overtaken':
      return undefined;
    case 'refused': {
      // The claim is tried again when the account changes, or with the next list.
      const isTooLarge = result.error.resultCode === ResultCode.answerTooLarge;
      const what = isTooLarge ? 'it cannot be worked on' : 'the directory refuses the claim';
      const reason = `${what}: ${result.error.sentence}`;
      return { event: 'skipped', reason, ...defined({ resultCode: result.error.resultCode }), ...refOf(record) };
    }
    case 'gone':
      return { event: 'left', why: 'unknown', ...refOf(record) };
    case 'unworkable':
      return { event: 'skipped', reason: result.reason, dn: result.dn, uid: record.uid };
  }
}

/**
 * Returns undefined if the outcome is written next, or if the stop of the service has ended the
 * handler.
 */
export function afterHandlerEvent(
  job: ClaimedJob,
  outcome: HandlerOutcome,
  after: AfterHandler,
): StreamEvent | undefined {
  if (after.to === 'newerRequest') return overtakenEvent(job);
  if (after.to === 'leaseLapsed') return { event: 'waiting', reason: LEASE_LAPSED, ...refOf(job.record, job.id) };
  if (after.to !== 'repeat' || outcome.ok) return undefined;
  const { attempt, inMilliseconds } = after;
  const { reason } = outcome;
  return {
    event: 'retrying',
    attempt,
    inMilliseconds,
    reason,
    ...defined({ cause: outcome.cause }),
    ...refOf(job.record, job.id),
  };
}

/**
 * A newer request is in sight and has its turn next. The attempt is not written back or repeated.
 */
function overtakenEvent({ id, record }: Pick<ClaimedJob, 'id' | 'record'>): StreamEvent {
  return { event: 'superseded', reason: NEWER_REQUEST, ...refOf(record, id) };
}

const LEASE_LAPSED =
  'its lease could not be renewed in time, so the handler was ended; it is resumed by the service that has the lease next';

export const NEWER_REQUEST = 'a newer request was written';

export function writeBackEvent(
  { job, outcome, milliseconds }: EndedWork,
  result: Exclude<WriteBackResult, { readonly kind: 'refused' }>,
): StreamEvent {
  const ref = refOf(job.record, job.id);
  if (result.kind === 'superseded') return { event: 'superseded', reason: result.reason, ...ref };
  const { finished: mode, requested } = WORDS[job.mode];
  if (outcome.ok) {
    const settled = job.settlement === undefined ? {} : { settledBy: job.settlement.who ?? 'an operator' };
    return { event: 'finished', state: result.state, milliseconds: Math.round(milliseconds), ...settled, ...ref, mode };
  }
  const { returnValue, step, cause } = outcome;
  const reason = result.returnValueWritten ? outcome.reason : `${outcome.reason}; ${NOT_NOTED} ${requested}`;
  const words = { reason: nameCode(returnValue, reason), step, ...defined({ cause, modifiedBy: job.askedBy }) };
  return { event: 'failed', returnValue, ...words, ...ref };
}

/** `error`: the refusal of the outcome by the directory. */
export function afterRefusalEvent(job: ClaimedJob, error: DirectoryError, after: AfterRefusal): StreamEvent {
  if (after.to === 'newerRequest') return overtakenEvent(job);
  return {
    event: 'retrying',
    attempt: after.tries + 1,
    inMilliseconds: after.inMilliseconds,
    reason: `the directory refuses the outcome, which is kept: ${error.sentence}`,
    ...defined({ resultCode: error.resultCode }),
    ...refOf(job.record, job.id),
  };
}

const NOT_NOTED =
  'the directory does not take the return value, so that it is taken up again at the next start of the service, or when somebody writes the mode';

function nameCode(returnValue: number, reason: string): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? reason : `${name}: ${reason}`;
}
