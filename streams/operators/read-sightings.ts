import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import type { ReadEntry } from '../../src/domain/account.ts';
import type { DirectoryChange } from '../../src/domain/change.ts';
import type { Report } from '../../src/domain/event.ts';
import { type Candidate, foreignClaim } from '../candidate.ts';
import type { Left, Seen } from '../known-account.ts';
import type { OpenAccounts } from '../open-accounts.ts';

/** An account that came into sight or left it. */
export type Sighted =
  /** `quiet`: nothing about it has changed, so there is nothing to tell. */
  | { readonly kind: 'seen'; readonly candidate: Candidate; readonly quiet: boolean }
  | { readonly kind: 'left'; readonly id: string; readonly uid: string }
  /** Comes back by itself after a time. */
  | { readonly kind: 'again'; readonly candidate: Candidate; readonly inMilliseconds: number };

export interface SightingDependencies {
  readonly readEntry: ReadEntry;
  readonly open: OpenAccounts;
  readonly report: Report;
  /** By which others have their turn; default: the real time. */
  readonly scheduler?: SchedulerLike;
}

/** So many accounts are looked through for those that have left before others have their turn: some milliseconds' worth. */
const SWEPT_AT_ONCE = 250;

/**
 * Reads entries as accounts. Own echoes go no further; entries that are not accounts are left alone or reported as skipped;
 * what a completed refresh or list no longer holds has left.
 */
export function readSightings({
  readEntry,
  open,
  report,
  scheduler = asyncScheduler,
}: SightingDependencies): OperatorFunction<DirectoryChange, Sighted> {
  return (source) =>
    new Observable<Sighted>((subscriber) => {
      let refresh = 0;
      let list = 0;
      /** Every change since the last refresh has been told. */
      let continuous = false;
      let sweeping: Subscription | undefined;

      /** What comes before a refresh is complete says as little about what happened before as the refresh itself. */
      const seenAs = (change: 'refresh' | 'list' | 'change'): Seen => {
        if (change === 'list') return { by: continuous ? 'list' : 'refresh', since: list };
        if (change === 'refresh') return { by: 'refresh', since: refresh };
        return { by: continuous ? 'stream' : 'refresh' };
      };

      const see = (change: Extract<DirectoryChange, { kind: 'entry' }>): void => {
        const reading = readEntry(change.entry);
        if (reading.kind === 'foreign') {
          leave(reading.dn, undefined);
          return;
        }
        if (reading.kind === 'unworkable') {
          leave(reading.dn, undefined);
          const { dn, uid, reason } = reading;
          if (change.change !== 'list') report({ event: 'skipped', reason, dn, ...(uid === undefined ? {} : { uid }) });
          return;
        }
        const { record } = reading;
        const live = change.change !== 'refresh' && change.change !== 'list';
        const sighting = open.seen(record, seenAs(live ? 'change' : change.change));
        const { id, own, unchanged, working, stale, missed } = sighting;
        if (missed !== undefined) tellLeft(missed);
        if (own) return;
        const quiet = !live && unchanged;
        const { uid, dn, mode, entryUUID, modifiedBy } = record;
        if (!quiet) {
          const known = {
            ...(entryUUID === undefined ? {} : { entryUUID }),
            ...(modifiedBy === undefined ? {} : { modifiedBy }),
          };
          report({ event: 'received', change: change.change, uid, dn, mode, ...known });
        }
        if (sighting.foreignClaim) report(foreignClaim(record));
        // What a refresh or list says of an account that is being worked on may be older than that work.
        const fresh = !stale && (live || !working);
        subscriber.next({ kind: 'seen', candidate: { id, record, fresh }, quiet });
      };

      const leave = (dn: string, entryUUID: string | undefined): void => {
        const left = open.left(dn, entryUUID);
        if (left !== undefined) tellLeft(left);
      };

      const tellLeft = ({ id, dn, uid, working }: Left): void => {
        // While it is worked on, the write-back itself makes it leave; it finds out what else may have happened.
        if (!working) report({ event: 'left', dn, uid });
        subscriber.next({ kind: 'left', id, uid });
      };

      /** Tells who has left. Whoever is seen again before that is told as having left then. */
      const sweep = (accounts: Iterator<Left | undefined>): void => {
        sweeping?.unsubscribe();
        for (let looked = 0; looked < SWEPT_AT_ONCE; looked += 1) {
          const { done, value } = accounts.next();
          if (done) return;
          if (value !== undefined) tellLeft(value);
        }
        sweeping = scheduler.schedule(() => sweep(accounts));
      };

      subscriber.add(() => sweeping?.unsubscribe());
      return source.subscribe({
        next: (change) => {
          switch (change.kind) {
            case 'entry':
              see(change);
              break;
            case 'left':
              leave(change.dn, change.entryUUID);
              break;
            case 'refreshing':
              open.connected();
              refresh = open.begin();
              continuous = false;
              break;
            case 'refreshed':
              continuous = true;
              sweep(open.endOf(refresh));
              break;
            case 'listing':
              list = open.begin();
              break;
            case 'listed':
              sweep(open.endOf(list));
              break;
            case 'disconnected':
              continuous = false;
              break;
            case 'connected':
            case 'reconnecting':
              break;
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
