import type { AccountRecord, AttributeNames, ReadEntry } from '../../src/domain/account.ts';
import type { DirectoryError, FailureKind } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Fence } from '../../src/domain/fence.ts';
import type { Modification, OptionalAttributes } from '../../src/domain/transition.ts';
import type { EndedWork } from '../candidate.ts';
import type { Next } from './machine.ts';

/**
 * The write-back of one outcome, by compare-and-swap and by the fence of its claim. It overwrites
 * nothing that was written since the claim. It begins in `sending`.
 *
 *   sending -> written
 *   sending -> sending              without an optional attribute that the directory refuses
 *   sending -> reading              refused, for any other reason
 *   sending -> pausing -> reading   no answer: it may have been written
 *   reading -> pausing -> reading   no answer
 *   reading -> sending              not written, and the account is still this service's own
 *   reading -> written              it was written by the request that had no answer
 *   reading -> superseded           a newer request, taken over, or removed
 *   reading -> refused              the directory refuses the outcome or the read
 */
export type WriteBackState = { readonly memory: WriteBackMemory } & (
  | { readonly at: 'sending'; readonly after: AccountRecord }
  /** `failures`: the number of reads without an answer since the write. */
  | { readonly at: 'reading'; readonly because: Because; readonly failures: number }
  | { readonly at: 'pausing'; readonly because: Because; readonly failures: number }
);

/** Why the entry is read: the failure of the write. */
export interface Because {
  readonly kind: FailureKind;
  readonly error: DirectoryError;
}

/** What a write-back remembers from its beginning to its end. */
export interface WriteBackMemory extends EndedWork {
  /** The value of the state attribute. */
  readonly stateValue: string;
  /**
   * The account as it was when it was last known to be this service's own. The write names its old
   * values.
   */
  readonly known: Standing;
  readonly fence: Fence;
  /** Which optional attributes are written: those that the directory refused are left out. */
  readonly optional: OptionalAttributes;
  /** False once another writer has changed the date. */
  readonly withDate: boolean;
  /** The number of writes without an answer. One of them may have happened. */
  readonly unansweredWrites: number;
}

/** An account as it is in the directory. */
export interface Standing {
  readonly record: AccountRecord;
  /** Undefined if the entry cannot be read as an account. */
  readonly entry: DirectoryEntry | undefined;
}

export type WriteBackEffect =
  /** Writes the outcome. Answered by `written`. */
  | { readonly do: 'modify'; readonly dn: string; readonly list: readonly Modification[]; readonly fence: Fence }
  /** Reads the entry as it is now, even if it was renamed or moved. Answered by `standing`. */
  | { readonly do: 'find'; readonly record: AccountRecord }
  /** Waits after the nth request without an answer. Answered by `time`. */
  | { readonly do: 'pause'; readonly failures: number; readonly error: DirectoryError };

export type WriteBackInput =
  /** `made`: the entryCSN of this write, if the server returns it. */
  | { readonly got: 'written'; readonly made: string | undefined }
  | {
      readonly got: 'standing';
      readonly entry: DirectoryEntry | undefined;
      /** A newer request has come into sight since the claim. */
      readonly askedAgain: boolean;
      /**
       * The lease of the uid could not be renewed after the read: another service may have taken
       * the account over. Always false without leases.
       */
      readonly mayBeTakenOver: boolean;
    }
  | { readonly got: 'time' };

/** How the account will be if the write succeeds. */
interface WriteBackNote {
  readonly note: 'writing';
  readonly record: AccountRecord;
}

export type WriteBackResult =
  /**
   * `record`: the account as it is now. `returnValueWritten`: it shows the return value, if the
   * site has an attribute for it. `made`: the entryCSN of this write, if the server returns it.
   */
  | {
      readonly kind: 'written';
      readonly state: string;
      readonly record: AccountRecord;
      readonly returnValueWritten: boolean;
      readonly made: string | undefined;
    }
  /**
   * There is a newer request, another service took the account over, or the entry is gone. Nothing
   * was overwritten.
   */
  | { readonly kind: 'superseded'; readonly reason: string; readonly record: AccountRecord | undefined }
  /** The directory refuses the outcome now. */
  | { readonly kind: 'refused'; readonly error: DirectoryError };

/** What does not change while the service runs. */
export interface WriteBackRules {
  readonly names: AttributeNames;
  /**
   * Reads an account without judging its user and home: its outcome is written even if these are no
   * longer valid.
   */
  readonly readStanding: ReadEntry;
}

/** What a step of the write-back returns. */
export type WriteBackNext = Next<WriteBackState, WriteBackEffect, WriteBackNote, WriteBackResult>;
