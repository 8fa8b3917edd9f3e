import type { AccountRecord, AttributeNames, ReadEntry } from '../../src/domain/account.ts';
import type { Decision } from '../../src/domain/decide.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Fence, Fencing } from '../../src/domain/fence.ts';
import type { Mode } from '../../src/domain/mode.ts';
import type { Modification } from '../../src/domain/transition.ts';
import type { Candidate } from '../candidate.ts';
import type { Machine, Next } from './machine.ts';

/**
 * The claim of one account, by compare-and-swap. The record that was seen is only a hint: whenever
 * the directory disagrees, the entry is read again and decided about anew.
 *
 * It begins `judging` what was just seen, or `reading` what was seen some time ago.
 *
 *   reading -> judging               the entry was found
 *   judging -> asking                it is due
 *   judging -> undoing               a claim happened that should not have
 *   judging -> notNow                it is not due, or another entry or uid by now
 *   asking -> sending                nothing speaks against the account on this host
 *   asking -> unworkable
 *   sending -> claimed               the answer shows the entry as claimed
 *   sending -> verifying             the answer does not show the entry, so it is read
 *   sending -> reading               somebody wrote before it, or the return value is refused
 *   verifying -> claimed
 *   sending, verifying -> judging    it happened, but should not have, or on another entry
 *   sending, verifying -> reading    somebody wrote right after it
 *   sending, undoing -> reading      the entry has another DN by now
 *   undoing -> reading               done, or somebody wrote before it
 *   reading, sending, verifying, undoing -> pausing -> reading    no answer
 *   reading, sending, verifying -> gone, unworkable               what the entry shows
 *   reading, sending, verifying, undoing -> refused               for good, by rights or schema, or
 *                                                                 too many conflicts
 */
export type ClaimState = { readonly memory: ClaimMemory } & (
  | { readonly at: 'reading' }
  | { readonly at: 'judging'; readonly seen: AccountRecord }
  | { readonly at: 'asking'; readonly attempted: Attempted }
  | { readonly at: 'sending'; readonly attempted: Attempted }
  | { readonly at: 'verifying'; readonly attempted: Attempted }
  | { readonly at: 'undoing'; readonly seen: AccountRecord }
  | { readonly at: 'pausing' }
);

/** What a claim remembers from its beginning to its end. */
export interface ClaimMemory {
  readonly candidate: Candidate;
  /** False once the schema has refused the return value. */
  readonly withReturnValue: boolean;
  /**
   * A claim was sent, and what became of it was never seen: it may stand already, or arrive later.
   */
  readonly unanswered: boolean;
  /**
   * The fences by token that were sent, or stand: by them an own claim is known, and the day that
   * stood before.
   */
  readonly tokens: readonly TokenFence[];
  /** The fence of a claim that happened and must be taken back. */
  readonly undo: Fence | undefined;
  /** How many requests had no answer. */
  readonly failures: number;
  /** How often somebody else was faster, or the entry was not as claimed. */
  readonly conflicts: number;
}

export type TokenFence = Extract<Fence, { readonly by: 'token' }>;

/** What is sent: a claim of a request, or a resume of work that was found. */
export interface Attempted {
  readonly how: 'claim' | 'resume' | 'takeOver';
  readonly mode: Mode;
  readonly seen: AccountRecord;
  readonly fence: Fence;
}

export type ClaimEffect =
  /** The entry as it is now, wherever it was renamed or moved to: answered by `entry`. */
  | { readonly do: 'find' }
  /**
   * Decides now; with `mayBeOthers`, a claim that is not own is told and remembered first: by
   * `judgement`.
   */
  | { readonly do: 'judge'; readonly record: AccountRecord; readonly mayBeOthers: boolean }
  /** What speaks against the account, by what is known of it beside the entry: by `objection`. */
  | { readonly do: 'ask'; readonly record: AccountRecord }
  /** By `entry`, which is shown where the server tells. */
  | { readonly do: 'modify'; readonly dn: string; readonly list: readonly Modification[]; readonly fence: Fence }
  /** The entry under a DN: by `entry`. */
  | { readonly do: 'read'; readonly dn: string }
  /** Waits after the nth request without an answer until it is worth trying again: by `time`. */
  | { readonly do: 'pause'; readonly failures: number; readonly error: DirectoryError };

export type ClaimInput =
  /** `othersAtWork`: another service's claim on the account or its uid has been seen by now. */
  | { readonly got: 'entry'; readonly entry: DirectoryEntry | undefined; readonly othersAtWork: boolean }
  | Judgement
  | { readonly got: 'objection'; readonly reason: string | undefined }
  | { readonly got: 'time' };

export interface Judgement {
  readonly got: 'judgement';
  readonly decision: Decision;
  /** This service wrote the account as it stands. With `alone`: or it may have. */
  readonly isOwnClaim: boolean;
  /** How the server in use refuses late requests. */
  readonly fencing: Fencing;
  /** A token that was not chosen lately. */
  readonly token: string;
}

export type ClaimNote =
  | { readonly note: 'conflict'; readonly record: AccountRecord; readonly reason: string }
  /** How the entry will stand if the claim succeeds, and by which fence. */
  | { readonly note: 'claiming'; readonly record: AccountRecord; readonly fence: Fence };

export type ClaimResult =
  /**
   * The account is this service's, and stands as `record` and `entry` say; the outcome is to name
   * the fence.
   */
  | (Omit<Attempted, 'seen'> & {
      readonly kind: 'claimed';
      readonly record: AccountRecord;
      readonly entry: DirectoryEntry;
    })
  /** Nothing to be done with it now. */
  | { readonly kind: 'notNow'; readonly record: AccountRecord; readonly decision: Decision }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly reason: string }
  /** There is no such entry any more, or it is another program's business. */
  | { readonly kind: 'gone' }
  /** The directory refuses for good, or contradicts itself. */
  | { readonly kind: 'refused'; readonly error: DirectoryError };

/** What does not change while the service runs. */
export interface ClaimRules {
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /** No other service works on these accounts. */
  readonly alone: boolean;
}

/** What a step of the claim returns. */
export type ClaimNext = Next<ClaimState, ClaimEffect, ClaimNote, ClaimResult>;
export type ClaimMachine = Machine<ClaimState, ClaimEffect, ClaimInput, ClaimNote, ClaimResult>;
