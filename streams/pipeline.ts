import {
  concatMap,
  concatWith,
  connect,
  defer,
  filter,
  ignoreElements,
  map,
  merge,
  type Observable,
  of,
  Subject,
  tap,
} from 'rxjs';

import type { DirectoryChange } from '../src/domain/change.ts';
import type { Fencing } from '../src/domain/fence.ts';
import { type Candidate, refOf } from './candidate.ts';
import { claim } from './operators/claim.ts';
import { decideEach } from './operators/decide-each.ts';
import { dispatch } from './operators/dispatch.ts';
import { groupPerUid } from './operators/group-per-uid.ts';
import { holdUntilDue } from './operators/hold-until-due.ts';
import { type AccountChange, readAccounts } from './operators/read-accounts.ts';
import { reportConnection } from './operators/report-connection.ts';
import { writeBack } from './operators/write-back.ts';
import { OWN_SLOT, type Slot } from './slots.ts';
import { releaseLease } from './turn/release-lease.ts';
import { type Turn, type TurnResult, turnOf } from './turn/turn.ts';
import { dryRunEvent, NEWER_REQUEST } from './turn/turn-events.ts';
import type { TurnDependencies } from './turn-dependencies.ts';

export interface PipelineDependencies extends Omit<TurnDependencies, 'fencing'> {
  /** Today, `YYYYMMDD`, in the configured time zone. */
  readonly today: () => string;
  /**
   * When it emits, no new work is started. The stream completes when the running work has ended.
   */
  readonly drain$: Observable<unknown>;
  /** The accounts that an operator settles. */
  readonly settled$: Observable<Candidate>;
  /** Whether to report what would be done instead of doing it. */
  readonly dryRun: boolean;
}

/**
 * The whole route of an LDAP write, read downwards:
 *
 *   what the subscription and the periodic list report
 *     -> accounts in sight (an entry that is no account is left alone, or skipped with a reason)
 *     -> a decision with a reason (claim, resume, defer, wait, ...)
 *     -> held until due
 *     -> one at a time per uid, `concurrency` at once, and none that the gate holds (a pause)
 *     -> claim (under the lease of the uid, if there are several services), handler, write-back
 *
 * The result of a turn enters again before the decision. An account that has changed is decided
 * about again; another attempt is held for its pause. An account that an operator settles enters
 * there, too, and has a turn without a handler. Failures of an account are values; an error of this
 * stream is a bug. The stream completes after `drain$` when nothing runs any more, and stays
 * subscribed to `changes$` until then.
 */
export function provisioning(
  changes$: Observable<DirectoryChange>,
  options: PipelineDependencies,
): Observable<TurnResult> {
  const { today, report, accounts, gate, settled$, drain$, dryRun } = options;
  const results$ = new Subject<TurnResult>();
  /** The fencing of the server in use. */
  let fencing: Fencing = 'token';
  const dependencies = { ...options, fencing: () => fencing };
  /** Called with an item that was held, or waited for a slot, when a newer one replaces it. */
  const discarded = (candidate: Candidate, newer: Candidate) => {
    const { id, ownWork, record } = candidate;
    // An operator settles the account: the work of this service on it continues to that outcome.
    if (ownWork === undefined || newer.settlement !== undefined) return;
    dropped(candidate);
    dependencies.open.release(id);
    report({ event: 'superseded', reason: NEWER_REQUEST, ...refOf(record) });
  };
  /** Called with an item that was held, or waited for a slot, when its account has left. */
  const dropped = ({ ownWork, record }: Candidate) => {
    if (ownWork !== undefined) dependencies.leases.release(record.uid, { to: 'free' });
  };

  return changes$.pipe(
    reportConnection(report),
    tap((change) => {
      if (change.kind === 'connected') fencing = change.fencing;
    }),
    // Outcomes are written over the connection that `changes$` opens. So it is kept until the work
    // is done and the leases are given up, not only until `drain$`.
    connect((received$) =>
      merge(
        received$.pipe(readAccounts(dependencies)), //
        results$.pipe(comingBack(options)),
        settled$.pipe(map((candidate): AccountChange => ({ kind: 'settle', candidate }))),
      ).pipe(
        decideEach(dependencies),
        holdUntilDue({
          today,
          places: accounts.held,
          released: (candidate) => {
            report({ event: 'queued', ...refOf(candidate.record) });
            return { ...candidate, fresh: false };
          },
          discarded,
          dropped,
        }),
        groupPerUid({
          slots: accounts.slots,
          resized$: accounts.resized$,
          lanes: accounts.lanes,
          shares: dependencies.leases,
          gate,
          drain$,
          discarded,
          dropped,
          project: dryRun ? reportOnly(dependencies) : (candidate, slot) => takeTurn(candidate, dependencies, slot),
        }),
        tap((result) => results$.next(result)),
        concatWith(defer(() => dependencies.leases.close()).pipe(ignoreElements())),
      ),
    ),
  );
}

/**
 * claim -> handler -> write-back, in a slot that is lent to other candidates while this one waits
 * for a directory that refuses the account.
 */
export function takeTurn(
  candidate: Candidate,
  dependencies: TurnDependencies,
  slot: Slot = OWN_SLOT,
): Observable<TurnResult> {
  const { accounts, open } = dependencies;
  const { id } = candidate;
  const trackTurn = tap((turn: Turn) => {
    accounts.turns.now(id, isResult(turn) ? undefined : turn);
    // A turn finds out before the stream that its account is gone or finished.
    if (isResult(turn) && !open.isOpen(id)) accounts.held.left(id);
  });
  return of(turnOf(candidate)).pipe(
    trackTurn,
    claim(dependencies, slot),
    trackTurn,
    dispatch(dependencies),
    trackTurn,
    writeBack(dependencies, slot),
    trackTurn,
    filter(isResult),
    tap((result) => releaseLease(candidate, result, dependencies)),
  );
}

function isResult(turn: Turn): turn is TurnResult {
  return turn.at !== 'unclaimed' && turn.at !== 'claimed' && turn.at !== 'ended';
}

function comingBack({ accounts: { lanes }, open }: PipelineDependencies) {
  const isNewest = ({ id }: Candidate) => open.isOpen(id) && !lanes.has(id);
  return (results$: Observable<TurnResult>): Observable<AccountChange> =>
    results$.pipe(
      concatMap((result): AccountChange[] => {
        switch (result.at) {
          case 'done':
            return [];
          case 'decideAgain':
            return [{ candidate: result.candidate, kind: 'seen', quiet: false }];
          case 'paused':
            return [{ ...result, kind: 'paused' }];
          case 'rests':
            // An item that waits for a slot is newer than the end of this turn. An account that has
            // left is not held.
            return isNewest(result.candidate) ? [{ ...result, kind: 'rests' }] : [];
        }
      }),
    );
}

/** Dry run: reports the decision. Nothing is written and no handler runs. */
function reportOnly({ report, decideNow }: PipelineDependencies): (candidate: Candidate) => Observable<TurnResult> {
  return (candidate) => {
    const event = dryRunEvent(candidate.record, decideNow(candidate.record, 'dryRun'));
    report(event);
    return of({ at: 'rests', candidate, why: { condition: 'waiting', reason: event.reason } });
  };
}
