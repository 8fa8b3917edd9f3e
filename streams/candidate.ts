import type { AccountRecord } from '../src/domain/account.ts';
import type { AccountRef } from '../src/domain/event.ts';
import type { Fence } from '../src/domain/fence.ts';
import type { HandlerOutcome, Job } from '../src/domain/job.ts';
import { identityOf } from './accounts/identity.ts';

/** An account on its way through the stream. */
export interface Candidate {
  /** The identity of the account: see `identityOf`. */
  readonly id: string;
  /** The account as it was last seen. */
  readonly record: AccountRecord;
  /** False if time has passed since it was seen. Then it is read again before anything is done. */
  readonly fresh: boolean;
  /**
   * Set if this service has claimed the account already: for a further attempt, or for an outcome
   * that is not written yet.
   */
  readonly ownWork?: OwnWork;
  /** Set if no handler is to run, because an operator has repaired the account: its outcome. */
  readonly settlement?: Settlement;
}

/** The outcome of an account that an operator has repaired by hand. */
export interface Settlement {
  /** 0: it is finished. Otherwise it has failed with this code. */
  readonly code: number;
  /** The operator; undefined if that is not known. */
  readonly who?: string;
}

type OwnWork =
  | {
      readonly kind: 'retry';
      readonly attempt: number;
      readonly lost: number;
      readonly fence: Fence;
      /** When the first attempt failed, in milliseconds since 1970. */
      readonly failedAt?: number;
      readonly askedBy?: string;
    }
  /** `failedAt`: when the directory refused it first. */
  | { readonly kind: 'unwritten'; readonly work: EndedWork; readonly failedAt?: number };

/** An outcome that is to be written. */
export interface EndedWork {
  readonly job: ClaimedJob;
  readonly outcome: HandlerOutcome;
  /** The number of times that the directory has refused the outcome. */
  readonly tries: number;
  /** The time from the claim to the end of the handler. */
  readonly milliseconds: number;
}

/**
 * A job as the stream keeps it: the data for the handler, and the values that the outcome has to
 * name.
 */
export interface ClaimedJob extends Job {
  /** The directory refuses the outcome if this no longer holds. */
  readonly fence: Fence;
  /** When the claim was answered, in milliseconds of a monotonic clock. */
  readonly claimedAt: number;
  /** Its outcome, if an operator has settled it. */
  readonly settlement?: Settlement;
  /** The DN that wrote the request, as it was when this service claimed it, if that is known. */
  readonly askedBy?: string;
}

/** The key of the lane. Uids that differ only in the case of their letters have the same lane. */
export function laneOf(uid: string): string {
  return uid.toLowerCase();
}

/** The fields by which an event names its account. */
export function refOf(record: AccountRecord, job?: string): AccountRef {
  const { uid, dn, mode } = record;
  return job === undefined ? { uid, dn, mode } : { uid, dn, mode, job };
}

/** Whether a record has the entry and the uid of the candidate. */
export function sameTurn(record: AccountRecord, { id, record: { uid } }: Candidate): boolean {
  return identityOf(record) === id && laneOf(record.uid) === laneOf(uid);
}
