import { EMPTY, exhaustMap, interval, merge, Observable, type SchedulerLike } from 'rxjs';
import type { DirectoryChange } from '../src/domain/change.ts';
import type { DirectoryEntry } from '../src/domain/entry.ts';

export interface ReconcileOptions {
  /** From the beginning of one list to that of the next, in milliseconds. */
  readonly interval: number;
  /** Asks for a list beside those of the interval. */
  readonly also$?: Observable<unknown>;
  /** Lists the open accounts, each once; rejects when the list is not whole. */
  readonly list: (entry: (entry: DirectoryEntry) => void) => Promise<void>;
  /** Told why a list was given up; the next one is tried all the same. */
  readonly failed: (error: unknown) => void;
  readonly scheduler?: SchedulerLike;
}

/**
 * Lists the open accounts again and again beside the stream: what the stream failed to report, and
 * every server has such gaps, is found by the next list. A list that fails says nothing about the
 * accounts that it did not reach.
 */
export function reconcile(options: ReconcileOptions): Observable<DirectoryChange> {
  const { interval: every, scheduler, also$ = EMPTY } = options;
  return merge(interval(every, scheduler), also$).pipe(exhaustMap(() => listOnce(options)));
}

function listOnce({ list, failed }: ReconcileOptions): Observable<DirectoryChange> {
  return new Observable((subscriber) => {
    subscriber.next({ kind: 'listing' });
    list((entry) => subscriber.next({ kind: 'entry', change: 'list', entry })).then(
      () => {
        subscriber.next({ kind: 'listed' });
        subscriber.complete();
      },
      (error: unknown) => {
        if (!subscriber.closed) failed(error);
        subscriber.complete();
      },
    );
  });
}
