import type { AccountRecord } from '../src/domain/account.ts';
import type { AccountRef } from '../src/domain/event.ts';
import type { Fence } from '../src/domain/fence.ts';
import type { HandlerOutcome, Job } from '../src/domain/job.ts';
import { identityOf } from './accounts/identity.ts';

/** An account on its way through the stream. */
export interface Candidate {
  /** Tells one account from another: see `identityOf`. */
  readonly id: string;
  /** As it was last seen. */
  readonly record: AccountRecord;
  /** False where time has passed since it was seen: it is read again before anything is done. */
  readonly fresh: boolean;
  /**
   * Set where this service holds the account already: a further attempt, or an outcome that is not
   * written yet.
   */
  readonly ownWork?: OwnWork;
}

export type OwnWork =
  | { readonly kind: 'retry'; readonly attempt: number; readonly lost: number; readonly fence: Fence }
  | ({ readonly kind: 'unwritten' } & EndedWork);

/** An outcome that is to be written. */
export interface EndedWork {
  readonly job: ClaimedJob;
  readonly outcome: HandlerOutcome;
  /** How often the directory has refused the outcome already. */
  readonly tries: number;
  /** From the claim to the end of the handler. */
  readonly milliseconds: number;
}

/** A job as the stream keeps it: what the handler gets, and what its outcome is to name. */
export interface ClaimedJob extends Job {
  /** The directory refuses the outcome if this no longer holds. */
  readonly fence: Fence;
  /** When the claim was answered, by a clock that only goes forward, in milliseconds. */
  readonly claimedAt: number;
}

/** The serialization key: work on one uid is done in order, whatever the case it is written in. */
export function laneOf(uid: string): string {
  return uid.toLowerCase();
}

/** Which account an event speaks of. */
export function refOf(record: AccountRecord, job?: string): AccountRef {
  const { uid, dn, mode } = record;
  return job === undefined ? { uid, dn, mode } : { uid, dn, mode, job };
}

/** Whether a record is of the entry and the uid whose turn it is. */
export function sameTurn(record: AccountRecord, { id, record: { uid } }: Candidate): boolean {
  return identityOf(record) === id && laneOf(record.uid) === laneOf(uid);
}
