import {
  connect,
  defer,
  filter,
  from,
  map,
  merge,
  type Observable,
  of,
  type SchedulerLike,
  Subject,
  takeUntil,
  tap,
} from 'rxjs';

import type { DirectoryChange } from '../src/domain/change.ts';
import type { Fencing } from '../src/domain/fence.ts';
import { attempt } from './attempt.ts';
import type { AttemptDependencies } from './attempt-dependencies.ts';
import { type AttemptResult, type Candidate, refOf } from './candidate.ts';
import { decideEach } from './operators/decide-each.ts';
import { holdUntilDue } from './operators/hold-until-due.ts';
import { readSightings, type Sighted } from './operators/read-sightings.ts';
import { reportConnection } from './operators/report-connection.ts';
import { type Load, serializeByKey } from './operators/serialize-by-key.ts';

export interface PipelineDependencies extends Omit<AttemptDependencies, 'fencing'> {
  /** Today, `YYYYMMDD`, in the configured time zone. */
  readonly today: () => string;
  readonly concurrency: number;
  /** When it emits, nothing new is taken up; the stream completes when what runs is finished. */
  readonly drain$: Observable<unknown>;
  /** Kept up to date: how much runs and waits. */
  readonly load: Load;
  /** Say what would be done instead of doing it. */
  readonly dryRun: boolean;
  /** The time by which accounts are held back; default: the real one. */
  readonly scheduler?: SchedulerLike;
}

/**
 * The whole way of an LDAP write, read downwards:
 *
 *   what the subscription and the periodic list tell
 *     -> accounts in sight (whatever is not an account is left alone, or skipped with a reason)
 *     -> a decision with a reason (claim, resume, defer, wait, ...)
 *     -> held until due
 *     -> one at a time per uid, `concurrency` at once
 *     -> claim, handler, write-back
 *
 * An account that comes back (a newer request, another attempt, a conflict) enters again before the decision. Errors of an
 * account are values; an error of this stream is a bug. Completes after `drain$` when nothing runs any more, and stays
 * subscribed to `changes$` until then.
 */
export function provisioning(
  changes$: Observable<DirectoryChange>,
  surroundings: PipelineDependencies,
): Observable<AttemptResult> {
  const { today, report, concurrency, load, drain$, dryRun, scheduler } = surroundings;
  const results$ = new Subject<AttemptResult>();
  /** Of the server in use. */
  let fencing: Fencing = 'token';
  const dependencies = { ...surroundings, fencing: () => fencing };

  return changes$.pipe(
    reportConnection(report),
    tap((change) => {
      if (change.kind === 'connected') fencing = change.fencing;
    }),
    // What it connects to is where outcomes are written: it goes on until the work is done, not only until `drain$`.
    connect((told$) =>
      merge(
        told$.pipe(readSightings(dependencies)), //
        results$.pipe(comingBack()),
      ).pipe(
        takeUntil(drain$),
        decideEach(dependencies),
        holdUntilDue({
          today,
          ...(scheduler === undefined ? {} : { scheduler }),
          released: (candidate) => {
            report({ event: 'queued', ...refOf(candidate.record) });
            return { ...candidate, fresh: false };
          },
          discarded: (candidate, by) => {
            if (by === 'drop' || candidate.own === undefined) return;
            report({ event: 'superseded', reason: 'a newer request was written', ...refOf(candidate.record) });
          },
        }),
        serializeByKey({
          concurrency,
          load,
          drain$,
          project: dryRun
            ? sayOnly(dependencies)
            : (candidate, permit) => defer(() => from(attempt(candidate, dependencies, permit))),
        }),
        tap((result) => results$.next(result)),
      ),
    ),
  );
}

function comingBack() {
  return (results$: Observable<AttemptResult>): Observable<Sighted> =>
    results$.pipe(
      filter((result) => result.kind !== 'done'),
      map((result) => (result.kind === 'again' ? result : { kind: 'seen', candidate: result.candidate, quiet: false })),
    );
}

/** Dry run: the decision is told, nothing is written and nothing runs. */
function sayOnly({ report, decideNow }: PipelineDependencies): (candidate: Candidate) => Observable<AttemptResult> {
  return ({ record }) => {
    const { kind, reason } = decideNow(record);
    report({ event: 'skipped', reason: `dry run: would ${kind}, as ${reason}`, ...refOf(record) });
    return of({ kind: 'done' });
  };
}
