import type { AccountRecord, AttributeNames, ReadEntry } from '../../src/domain/account.ts';
import type { Decision } from '../../src/domain/decide.ts';
import type { DirectoryError } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Fence, Fencing } from '../../src/domain/fence.ts';
import type { Mode } from '../../src/domain/mode.ts';
import type { Modification } from '../../src/domain/transition.ts';
import type { Candidate } from '../candidate.ts';
import type { Next } from './machine.ts';

/**
 * The claim of one account, by compare-and-swap. The record that was seen is only a hint. If the
 * directory contradicts it, the entry is read again, and there is a new decision.
 *
 * It begins in `judging` if the account was just seen, and in `reading` if that was some time ago.
 *
 *   reading -> judging               the entry was found
 *   judging -> asking                the account is due
 *   judging -> leasing, undoing      a claim was carried out that must be undone
 *   judging -> notNow                not due, or the entry or the uid is another one now
 *   asking -> leasing, sending       the host has no objection
 *   asking -> unworkable             the host has one
 *   leasing -> sending               the lease of the uid is held
 *   leasing -> judging               the lease is held, and a claim must be undone
 *   leasing -> reading               the lease was not free at once: the account may have changed
 *   leasing -> judging               a read shows that the account has changed
 *   leasing -> overtaken             a newer sight of the account is handled next
 *   sending -> claimed               the answer shows the entry as claimed
 *   sending -> verifying             the answer does not show the entry, so it is read
 *   sending -> reading               another write came first, or the return value is refused
 *   verifying -> claimed             the entry is as claimed
 *   sending, verifying -> judging    claimed, but it must be undone, or it is another entry
 *   sending, verifying -> reading    another write came right after the claim
 *   sending, undoing -> reading      the entry has another DN now
 *   undoing -> reading               it is undone, or another write came first
 *   reading, leasing, sending, verifying, undoing -> pausing -> reading    no answer
 *   reading, sending, verifying -> gone, unworkable               what the entry shows
 *   reading, leasing, sending, verifying, undoing -> refused      for good, by rights or schema, or
 *                                                                 after too many conflicts
 *
 * With `instances: one` there is no lease, and `leasing` is left out.
 */
export type ClaimState = { readonly memory: ClaimMemory } & (
  | { readonly at: 'reading' }
  | { readonly at: 'judging'; readonly seen: AccountRecord }
  | { readonly at: 'asking'; readonly attempted: Attempted }
  /** `attempted`: what is sent under the lease; undefined if a claim must be undone. */
  | { readonly at: 'leasing'; readonly seen: AccountRecord; readonly attempted: Attempted | undefined }
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
   * The number of the attempt as the lease says, or 1. A retry of this service has its own count.
   */
  readonly attempt: number;
  /** A claim was sent and not answered. It may have been carried out, or may arrive later. */
  readonly unanswered: boolean;
  /**
   * The token fences that were sent, or that the entry has. They identify this service's own claim,
   * and keep the day that was in the entry before it.
   */
  readonly tokens: readonly TokenFence[];
  /** The fence of a claim that was carried out and must be undone. */
  readonly undo: Fence | undefined;
  /** The number of requests without an answer. */
  readonly failures: number;
  /** The number of times that another write came first, or that the entry was not as claimed. */
  readonly conflicts: number;
}

export type TokenFence = Extract<Fence, { readonly by: 'token' }>;

/** What is sent: a claim of a request, or a resume of an account in work. */
export interface Attempted {
  readonly how: 'claim' | 'resume';
  readonly mode: Mode;
  readonly seen: AccountRecord;
  readonly fence: Fence;
}

export type ClaimEffect =
  /** Reads the entry as it is now, even if it was renamed or moved. Answered by `entry`. */
  | { readonly do: 'find' }
  /**
   * Decides by the circumstances of this moment. With `mayBeForeign`, a claim of another service is
   * reported and remembered first. Answered by `judgement`.
   */
  | { readonly do: 'judge'; readonly record: AccountRecord; readonly mayBeForeign: boolean }
  /** Asks whether this host has an objection to the account. Answered by `objection`. */
  | { readonly do: 'ask'; readonly record: AccountRecord }
  /**
   * Takes the lease of the uid, or waits until another service has released it. Answered by
   * `lease`.
   */
  | { readonly do: 'lease'; readonly record: AccountRecord }
  /** Modifies the entry. Answered by `entry`, with the entry if the server returns it. */
  | { readonly do: 'modify'; readonly dn: string; readonly list: readonly Modification[]; readonly fence: Fence }
  /** Reads the entry with this DN. Answered by `entry`. */
  | { readonly do: 'read'; readonly dn: string }
  /** Waits after the nth request without an answer. Answered by `time`. */
  | { readonly do: 'pause'; readonly failures: number; readonly error: DirectoryError };

export type ClaimInput =
  | { readonly got: 'entry'; readonly entry: DirectoryEntry | undefined }
  | Judgement
  | { readonly got: 'objection'; readonly reason: string | undefined }
  | LeaseAnswer
  | { readonly got: 'time' };

export type LeaseAnswer = { readonly got: 'lease' } /**
 * It is held, and the account is as it was seen. `attempt`: the number of the next attempt; more
 * than 1 if another service was in a pause before it.
 */ & (
  | { readonly is: 'held'; readonly attempt: number }
  /** It had to be waited for: the account may have changed. */
  | { readonly is: 'waited' }
  /** A read shows the account as it is now, not as it was seen. */
  | { readonly is: 'changed'; readonly entry: DirectoryEntry | undefined }
  /** The stream has shown a newer state of the account, or that it is finished. */
  | { readonly is: 'overtaken' }
);

export interface Judgement {
  readonly got: 'judgement';
  readonly decision: Decision;
  /** The account shows a write of this service, or may show one. */
  readonly isOwnClaim: boolean;
  /** The lease of the uid is held, or none is needed. */
  readonly leased: boolean;
  /** How the server in use refuses late requests. */
  readonly fencing: Fencing;
  /** A new token, other than the day in the entry. */
  readonly token: string;
}

export type ClaimNote =
  | { readonly note: 'conflict'; readonly record: AccountRecord; readonly reason: string }
  /** How the account will be if the claim succeeds, and the fence of the claim. */
  | { readonly note: 'claiming'; readonly record: AccountRecord; readonly fence: Fence };

export type ClaimResult =
  /**
   * The account is claimed, and is as `record` and `entry` say. The outcome has to name the fence.
   */
  | (Omit<Attempted, 'seen'> & {
      readonly kind: 'claimed';
      readonly record: AccountRecord;
      readonly entry: DirectoryEntry;
      /** The number of the attempt, if another service has begun to count. */
      readonly attempt: number;
      /** The DN that wrote the request; undefined if the account was in work already. */
      readonly askedBy?: string;
    })
  /** There is nothing to do with the account now. */
  | { readonly kind: 'notNow'; readonly record: AccountRecord; readonly decision: Decision }
  /** A newer sight of the account is handled next, or the account is finished. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly reason: string }
  /** The entry does not exist any more, or belongs to another program. */
  | { readonly kind: 'gone' }
  /** The directory refuses the claim for good, or contradicts itself. */
  | { readonly kind: 'refused'; readonly error: DirectoryError };

/** What does not change while the service runs. */
export interface ClaimRules {
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /** Several services work on these accounts, each uid under a lease. */
  readonly underLeases: boolean;
}

/** What a step of the claim returns. */
export type ClaimNext = Next<ClaimState, ClaimEffect, ClaimNote, ClaimResult>;
