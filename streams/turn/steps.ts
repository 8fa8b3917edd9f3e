import type { AccountRecord } from '../../src/domain/account.ts';
import type { Circumstances, Decision } from '../../src/domain/decide.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import type { Candidate } from '../candidate.ts';
import type { AfterHandler, AfterRefusal } from './after-work.ts';
import type { ClaimInput, ClaimNext } from './claim-state.ts';
import type { Failed } from './machine.ts';
import type { WriteBackInput, WriteBackNext } from './write-back-state.ts';

/**
 * A pure step that was taken for an account: the name of its function, its input, and what it led
 * to. One uid has one turn at a time, so the steps of a uid in their order say everything that was
 * decided for it.
 *
 *   decide
 *   beginClaim -> stepClaim ... -> afterHandler -> beginWriteBack -> stepWriteBack ...
 *     -> afterRefusal, if the directory refuses the outcome
 */
export type Step =
  | {
      readonly step: 'decide';
      readonly purpose: Purpose;
      readonly record: AccountRecord;
      readonly circumstances: Circumstances;
      readonly next: Decision;
    }
  /** `job`: the id of the attempt. */
  | { readonly step: 'beginClaim'; readonly job: string; readonly candidate: Candidate; readonly next: ClaimNext }
  | { readonly step: 'stepClaim'; readonly uid: string; readonly input: ClaimInput | Failed; readonly next: ClaimNext }
  | {
      readonly step: 'afterHandler';
      readonly uid: string;
      readonly outcome: HandlerOutcome;
      readonly isOvertaken: boolean;
      readonly hasLapsed: boolean;
      readonly next: AfterHandler;
    }
  | {
      readonly step: 'beginWriteBack';
      readonly uid: string;
      /** The id of the attempt. A kept outcome comes again after others of its uid. */
      readonly job: string;
      readonly outcome: HandlerOutcome;
      /** The value of the state attribute for a success. */
      readonly now: string;
      /** The number of times that the directory has refused the outcome. */
      readonly tries: number;
      /** The time from the claim to the end of the handler. */
      readonly milliseconds: number;
      readonly next: WriteBackNext;
    }
  | {
      readonly step: 'stepWriteBack';
      readonly uid: string;
      readonly input: WriteBackInput | Failed;
      readonly next: WriteBackNext;
    }
  | {
      readonly step: 'afterRefusal';
      readonly uid: string;
      /** How often the directory had refused the outcome before. */
      readonly tries: number;
      readonly isOvertaken: boolean;
      readonly next: AfterRefusal;
    };

/**
 * The purpose of a decision: an account came into sight, with or without anything new; it is about
 * to be claimed; or a dry run reports the decision instead of acting.
 */
export type Purpose = (typeof PURPOSES)[number];

export const PURPOSES = ['seen', 'seenUnchanged', 'claim', 'dryRun'] as const;

/** Decides about an account by the circumstances of this moment. */
export type DecideNow = (record: AccountRecord, purpose: Purpose) => Decision;

/** Called with each step before its effects. Must not throw and must not wait. */
export type ObserveStep = (step: Step) => void;
