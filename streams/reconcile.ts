import { exhaustMap, interval, Observable, type SchedulerLike } from 'rxjs';
import type { DirectoryChange } from '../src/domain/change.ts';
import type { DirectoryEntry } from '../src/domain/entry.ts';

export interface ReconcileOptions {
  /** The time from the beginning of one list to that of the next, in milliseconds. */
  readonly interval: number;
  /** Lists the open accounts. An account may come twice. Rejects if the list is not complete. */
  readonly list: (entry: (entry: DirectoryEntry) => void) => Promise<void>;
  /** Called with the reason when a list has failed. The next list follows as usual. */
  readonly failed: (error: unknown) => void;
  readonly scheduler?: SchedulerLike;
}

/**
 * Lists the open accounts periodically, in addition to the subscription. Each server leaves some
 * changes unreported, and the next list finds them. A list that fails shows nothing about the
 * accounts that it did not reach. A list that is due while another one runs is skipped.
 */
export function reconcile(options: ReconcileOptions): Observable<DirectoryChange> {
  const { interval: every, scheduler } = options;
  return interval(every, scheduler).pipe(exhaustMap(() => listOnce(options)));
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
