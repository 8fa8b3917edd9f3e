import type { AccountRecord, AttributeNames, ReadEntry } from '../../src/domain/account.ts';
import type { DirectoryError, FailureKind } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Fence } from '../../src/domain/fence.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import type { Modification, OptionalAttributes } from '../../src/domain/transition.ts';
import type { ClaimedJob } from '../candidate.ts';
import type { Machine, Next } from './machine.ts';

/**
 * The write-back of one outcome, by compare-and-swap and by the fence of its claim. Nothing that
 * was written since the claim is overwritten. It begins `sending`.
 *
 *   sending -> written
 *   sending -> sending              without an optional attribute that the directory does not take
 *   sending -> reading              refused, for whatever reason
 *   sending -> pausing -> reading   no answer: it may have been written
 *   reading -> pausing -> reading   no answer
 *   reading -> sending              it was not written, and the account is still this service's own
 *   reading -> written              it was written by the request that had no answer
 *   reading -> superseded           somebody asked anew, took the account over, or removed it
 *   reading -> refused              the directory refuses the outcome, or to be read
 */
export type WriteBackState = { readonly memory: WriteBackMemory } & (
  | { readonly at: 'sending'; readonly after: AccountRecord }
  /** `failures`: how many reads had no answer since the write. */
  | { readonly at: 'reading'; readonly because: Because; readonly failures: number }
  | { readonly at: 'pausing'; readonly because: Because; readonly failures: number }
);

/** Why the entry is read: how the write failed. */
export interface Because {
  readonly kind: FailureKind;
  readonly error: DirectoryError;
}

/** What a write-back remembers from its beginning to its end. */
export interface WriteBackMemory {
  readonly job: ClaimedJob;
  readonly outcome: HandlerOutcome;
  /** What the state attribute is to say. */
  readonly stateValue: string;
  /** The entry as it was last known to be this service's own, and what the outcome names of it. */
  readonly known: Standing;
  readonly fence: Fence;
  /** Which of the optional attributes go along: those that the directory refused are left out. */
  readonly optional: OptionalAttributes;
  /** False once somebody else has changed the date. */
  readonly withDate: boolean;
  /** How many writes had no answer: one of them may have happened. */
  readonly unansweredWrites: number;
}

/** How an account stands in the directory. */
export interface Standing {
  readonly record: AccountRecord;
  /** Undefined where the entry cannot be read as an account. */
  readonly entry: DirectoryEntry | undefined;
}

export type WriteBackEffect =
  /** Answered by `written`. */
  | { readonly do: 'modify'; readonly dn: string; readonly list: readonly Modification[]; readonly fence: Fence }
  /** The entry as it is now, wherever it was renamed or moved to: by `standing`. */
  | { readonly do: 'find'; readonly record: AccountRecord }
  /** Waits after the nth request without an answer until it is worth trying again: by `time`. */
  | { readonly do: 'pause'; readonly failures: number; readonly error: DirectoryError };

export type WriteBackInput =
  /** `made`: the entryCSN of this write, where the server tells. */
  | { readonly got: 'written'; readonly made: string | undefined }
  | {
      readonly got: 'standing';
      readonly entry: DirectoryEntry | undefined;
      /** A newer request has come into sight since the claim. */
      readonly askedAgain: boolean;
      /**
       * Another service may have taken the account over by now, by the rules that all of them keep.
       */
      readonly mayBeTakenOver: boolean;
    }
  | { readonly got: 'time' };

/** How the account will stand if the write succeeds. */
export interface WriteBackNote {
  readonly note: 'writing';
  readonly record: AccountRecord;
}

export type WriteBackResult =
  /**
   * `record`: how the account stands now. `returnValueWritten`: it shows the return value, where
   * the site has an attribute for it. `made`: the entryCSN of this write, where the server tells.
   */
  | {
      readonly kind: 'written';
      readonly state: string;
      readonly record: AccountRecord;
      readonly returnValueWritten: boolean;
      readonly made: string | undefined;
    }
  /**
   * A newer request was written while the handler ran, or the entry is gone: nothing was
   * overwritten.
   */
  | { readonly kind: 'superseded'; readonly reason: string; readonly record: AccountRecord | undefined }
  /** The directory refuses it now. */
  | { readonly kind: 'refused'; readonly error: DirectoryError };

/** What does not change while the service runs. */
export interface WriteBackRules {
  readonly names: AttributeNames;
  /**
   * Reads how an account stands, whatever has become of its user and home: its outcome is written
   * all the same.
   */
  readonly readStanding: ReadEntry;
  /** No other service works on these accounts: what stands in work is this one's. */
  readonly alone: boolean;
}

/** What a step of the write-back returns. */
export type WriteBackNext = Next<WriteBackState, WriteBackEffect, WriteBackNote, WriteBackResult>;
export type WriteBackMachine = Machine<WriteBackState, WriteBackEffect, WriteBackInput, WriteBackNote, WriteBackResult>;
