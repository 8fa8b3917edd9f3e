import type { AccountRecord } from '../../src/domain/account.ts';
import type { Circumstances, Decision } from '../../src/domain/decide.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import type { Candidate, ClaimedJob, EndedWork } from '../candidate.ts';
import type { AfterHandler, AfterRefusal } from './after-work.ts';
import type { ClaimInput, ClaimNext, ClaimState } from './claim-state.ts';
import type { Failed } from './machine.ts';
import type { WriteBackInput, WriteBackNext, WriteBackState } from './write-back-state.ts';

/**
 * A pure step that was taken for an account: the name of its function, all arguments of the
 * function, and its result. So each step can be repeated by itself.
 *
 *   decide
 *   beginClaim -> stepClaim ... -> afterHandler -> beginWriteBack -> stepWriteBack ...
 *     -> afterRefusal, if the directory refuses the outcome
 */
export type PureStep =
  | Taken<'decide', { purpose: Purpose; record: AccountRecord; circumstances: Circumstances }, Decision>
  /** `job`: the id of the attempt. */
  | Taken<'beginClaim', { job: string; candidate: Candidate }, ClaimNext>
  | Taken<'stepClaim', { job: string; state: ClaimState; input: ClaimInput | Failed }, ClaimNext>
  | Taken<
      'afterHandler',
      { job: ClaimedJob; outcome: HandlerOutcome; isOvertaken: boolean; hasLapsed: boolean },
      AfterHandler
    >
  /** `now`: the value of the state attribute for a success. */
  | Taken<'beginWriteBack', { work: EndedWork; now: string }, WriteBackNext>
  | Taken<'stepWriteBack', { state: WriteBackState; input: WriteBackInput | Failed }, WriteBackNext>
  | Taken<
      'afterRefusal',
      { job: ClaimedJob; error: DirectoryError; tries: number; isOvertaken: boolean },
      AfterRefusal
    >;

/** `uid`: the uid of the account, as it was when its turn began. */
type Taken<Name extends string, Given, Next> = Readonly<{ step: Name; uid: string; next: Next } & Given>;

/** The names of all steps. */
export const PURE_STEP_NAMES = [
  'decide',
  'beginClaim',
  'stepClaim',
  'afterHandler',
  'beginWriteBack',
  'stepWriteBack',
  'afterRefusal',
] as const satisfies ReadonlyArray<PureStep['step']>;

/**
 * The purpose of a decision: an account came into sight (`seen`, or `seenUnchanged` if it has not
 * changed); it is about to be claimed; or a dry run reports the decision instead of acting.
 */
export type Purpose = 'seen' | 'seenUnchanged' | 'claim' | 'dryRun';

/** Decides about an account by the circumstances of this moment. */
export type DecideNow = (record: AccountRecord, purpose: Purpose) => Decision;

/** Called with each step before its effects. Must not throw and must not wait. */
export type ObservePureStep = (step: PureStep) => void;
