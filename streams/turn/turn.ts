import { concatMap, from, type OperatorFunction, of } from 'rxjs';
import type { AccountRecord } from '../../src/domain/account.ts';
import type { HoldReason } from '../../src/domain/condition.ts';
import { defined } from '../../src/domain/defined.ts';
import { readMode } from '../../src/domain/mode.ts';
import { identityOf } from '../accounts/identity.ts';
import type { OpenAccounts } from '../accounts/open-accounts.ts';
import type { Candidate, ClaimedJob, EndedWork } from '../candidate.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';
import type { ClaimResult } from './claim-state.ts';

/**
 * One turn of an account, from its slot to its result. It begins as `unclaimed`, or as `ended` if
 * an outcome was kept from an earlier turn.
 *
 *   claim():      unclaimed -> claimed, done, decideAgain, rests
 *   dispatch():   claimed   -> ended, done, decideAgain, paused
 *   writeBack():  ended     -> done, decideAgain, paused, rests
 *   any stage     -> done    the service stops
 *
 * Each stage handles the turns in its state and passes on all others.
 */
export type Turn =
  /** The account has a slot, and is to be claimed. */
  | { readonly at: 'unclaimed'; readonly candidate: Candidate }
  /** The account is claimed, and its handler is to run. */
  | { readonly at: 'claimed'; readonly candidate: Candidate; readonly job: ClaimedJob }
  /** The handler has ended, and its outcome is to be written. */
  | { readonly at: 'ended'; readonly candidate: Candidate; readonly work: EndedWork }
  | TurnResult;

/** The result of a turn. */
export type TurnResult =
  /**
   * There is nothing more to do in this turn: the account is finished, gone, another service's, or
   * has a newer request, or the service stops.
   */
  | { readonly at: 'done'; readonly interrupted?: true }
  /**
   * The account has changed since it was queued, so there is a new decision. `interrupted`: it is
   * in work, and its handler was ended.
   */
  | { readonly at: 'decideAgain'; readonly candidate: Candidate; readonly interrupted?: true }
  /** The account has another turn after a pause. */
  | { readonly at: 'paused'; readonly candidate: Candidate; readonly inMilliseconds: number; readonly why: HoldReason }
  /**
   * The attempt failed, or the directory refuses the claim: nothing follows until the account
   * changes.
   */
  | { readonly at: 'rests'; readonly candidate: Candidate; readonly why: HoldReason };

export const DONE: TurnResult = { at: 'done' };
/** The stop of the service has ended the turn. The next service handles the account again. */
export const INTERRUPTED: TurnResult = { at: 'done', interrupted: true };

/** Returns a turn at its beginning. An outcome that was kept from an earlier one needs no claim. */
export function turnOf(candidate: Candidate): Turn {
  const { ownWork } = candidate;
  if (ownWork?.kind === 'unwritten') return { at: 'ended', candidate, work: ownWork.work };
  return { at: 'unclaimed', candidate };
}

/**
 * Makes a stage of the turn. If `work` rejects because the service stops, the turn is done, and the
 * next service handles the account as it finds it. Any other rejection is a bug.
 */
export function stage<At extends Turn['at']>(
  at: At,
  { signal, draining }: Pick<TurnDependencies, 'signal' | 'draining'>,
  work: (turn: Extract<Turn, { readonly at: At }>) => Promise<Turn>,
): OperatorFunction<Turn, Turn> {
  const isHere = (turn: Turn): turn is Extract<Turn, { readonly at: At }> => turn.at === at;
  const orStopped = (error: unknown): Turn => {
    if (error === signal.reason || error === draining.reason) return at === 'unclaimed' ? DONE : INTERRUPTED;
    throw error;
  };
  return concatMap((turn) => (isHere(turn) ? from(work(turn).catch(orStopped)) : of(turn)));
}

/**
 * Returns the result of a turn whose account has changed. If the entry was deleted and created
 * again, it is another account.
 */
export function decideAgain({ id }: Candidate, record: AccountRecord, fresh: boolean, open: OpenAccounts): TurnResult {
  const identity = identityOf(record);
  if (identity !== id) open.forget(id);
  return { at: 'decideAgain', candidate: { id: identity, record, fresh } };
}

/**
 * Returns the job for a claim. `claimedAt`: when the claim was answered, by the monotonic clock.
 */
export function jobOf(
  { ownWork, record: before, settlement }: Pick<Candidate, 'ownWork' | 'record' | 'settlement'>,
  { how, mode, record, entry, fence, attempt, ...claimed }: Extract<ClaimResult, { readonly kind: 'claimed' }>,
  { id, claimedAt }: Pick<ClaimedJob, 'id' | 'claimedAt'>,
): ClaimedJob {
  const retried = ownWork?.kind === 'retry' && how === 'resume' ? ownWork : undefined;
  const lost = retried?.lost ?? 0;
  const askedBy = claimed.askedBy ?? (ownWork?.kind === 'retry' ? ownWork.askedBy : askerIn(before));
  const resumed = how !== 'claim' && (retried === undefined || lost > 0);
  return {
    id,
    mode,
    record,
    entry,
    fence,
    claimedAt,
    attempt: retried?.attempt ?? (how === 'resume' ? attempt : 1),
    resumed,
    lost,
    ...defined({ settlement, askedBy }),
  };
}

/**
 * Returns the DN that wrote the request of a record. Undefined if the record is in work: its last
 * writer is the service that claimed it.
 */
function askerIn({ mode, modifiedBy }: AccountRecord): string | undefined {
  return readMode(mode)?.phase === 'requested' ? modifiedBy : undefined;
}
