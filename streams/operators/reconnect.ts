import {
  asyncScheduler,
  catchError,
  concat,
  defer,
  first,
  ignoreElements,
  mergeMap,
  type Observable,
  type ObservableInput,
  of,
  repeat,
  type SchedulerLike,
  tap,
  throwError,
  timer,
} from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import { defined } from '../../src/domain/defined.ts';
import { DirectoryError, ResultCode, TryNextServer } from '../../src/domain/directory-error.ts';
import { errorText } from '../../src/domain/error-text.ts';
import { backoff } from '../../src/domain/retry.ts';
import { cutWhenIdle } from '../../src/ldap/connection-error.ts';

export interface ReconnectOptions {
  /**
   * The URLs, tried in order. The one in use is kept until it fails, and is tried once more before
   * the next one.
   */
  readonly urls: readonly string[];
  /**
   * Gives the URLs that stand for `urls` in the next round of tries. If it fails, it is called
   * again after the delay. Default: they stand for themselves.
   */
  readonly lookUp?: () => ObservableInput<readonly string[]>;
  /**
   * One connection to one server, which ends with an error. After a referral (RFC 4511, section
   * 4.1.10) the next server is tried.
   */
  readonly connect: (url: string) => Observable<DirectoryChange>;
  /**
   * The first delay and the longest one, in milliseconds. The delay doubles with each failure, and
   * up to half of it is subtracted at random.
   */
  readonly initial: number;
  readonly max: number;
  /** Returns a random number in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Keeps a subscription alive for ever. Each loss is emitted as `disconnected` and `reconnecting`,
 * and is followed by another attempt with a fresh connection. Never completes and never fails.
 */
export function reconnect(options: ReconnectOptions): Observable<DirectoryChange> {
  const { urls, connect, initial, max, random = Math.random, scheduler = asyncScheduler } = options;
  const { lookUp = () => [urls] } = options;
  return defer(() => {
    if (urls.length === 0) throw new RangeError('no directory URL is configured');
    /** The URLs that are left in this round. The first one is in use, or is tried next. */
    let round: readonly string[] = [];
    const present = (): string => round[0] ?? urls[0] ?? '';
    /**
     * The number of failures in a row. It begins again at 1 after a subscription that lasted longer
     * than the delay before it.
     */
    let failures = 0;
    /** The last delay, in milliseconds. */
    let delayed = 0;
    /** The error of the last connection. */
    let errorBefore: unknown;
    /** When the last refresh was complete; undefined if the present connection has had none. */
    let refreshedAt: number | undefined;

    const failed = (url: string, error: unknown): Observable<DirectoryChange> => {
      const lasted = refreshedAt === undefined ? 0 : scheduler.now() - refreshedAt;
      failures = lasted > delayed ? 1 : failures + 1;
      const reason = cutWhenIdle(error, errorBefore) ?? error;
      errorBefore = error;
      // A server that was in use usually returns soon, so it is tried once more.
      if (refreshedAt === undefined || isForAnother(error)) round = round.slice(1);
      refreshedAt = undefined;
      const inMilliseconds = Math.round(backoff(failures, { initial, max }) * (1 - random() / 2));
      delayed = inMilliseconds;
      return concat(
        of<DirectoryChange>({ kind: 'disconnected', url, ...causeOf(reason) }),
        of<DirectoryChange>({ kind: 'reconnecting', url: present(), attempt: failures, inMilliseconds }),
        timer(inMilliseconds, scheduler).pipe(ignoreElements()),
      );
    };

    return defer(() => {
      const ended = throwError(() => new DirectoryError('the directory ended the subscription'));
      return defer(() => (round.length > 0 ? [round] : lookUp())).pipe(
        first(),
        mergeMap((found) => {
          round = found;
          return concat(connect(present()), ended);
        }),
        tap((change) => {
          if (change.kind === 'refreshed') refreshedAt = scheduler.now();
        }),
        catchError((error) => failed(present(), error)),
      );
    }).pipe(repeat());
  });
}

/** Whether the next server is to be tried: this one refers writes to another server, or lags. */
function isForAnother(error: unknown): boolean {
  if (error instanceof TryNextServer) return true;
  return error instanceof DirectoryError && error.resultCode === ResultCode.referral;
}

function causeOf(error: unknown): { reason: string; remedy?: string; resultCode?: number } {
  if (!(error instanceof DirectoryError)) return { reason: errorText(error) };
  const { message: reason, remedy, resultCode } = error;
  return { reason, ...defined({ remedy, resultCode }) };
}
