import {
  asyncScheduler,
  catchError,
  concat,
  defer,
  ignoreElements,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  tap,
  throwError,
  timer,
} from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import { DirectoryError, ResultCode, TryNextServer } from '../../src/domain/directory-error.ts';
import { backoff } from '../../src/domain/retry.ts';

export interface ReconnectOptions {
  /**
   * Tried in order; the one in use is kept until it fails, and is then tried once more before the
   * next one.
   */
  readonly urls: readonly string[];
  /**
   * One connection to one server: ends by an error. A referral (RFC 4511, section 4.1.10) says to
   * go on to the next one.
   */
  readonly connect: (url: string) => Observable<DirectoryChange>;
  /**
   * Milliseconds: the first delay, and the longest. Doubled with each failure; up to half of it is
   * taken off by chance.
   */
  readonly initial: number;
  readonly max: number;
  /** In [0, 1): the chance. */
  readonly random?: () => number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Keeps a subscription alive for ever: each loss is told (`disconnected`, `reconnecting`) and
 * followed by another attempt with a fresh connection. Never completes and never fails.
 */
export function reconnect(options: ReconnectOptions): Observable<DirectoryChange> {
  const { urls, connect, initial, max, random = Math.random, scheduler = asyncScheduler } = options;
  return defer(() => {
    let position = 0;
    /** Failures in a row; a subscription that lasted longer than the longest delay ends the row. */
    let failures = 0;
    /** When the last refresh was complete; undefined where the present connection has had none. */
    let refreshedAt: number | undefined;

    const failed = (url: string, error: unknown): Observable<DirectoryChange> => {
      const lasted = refreshedAt === undefined ? 0 : scheduler.now() - refreshedAt;
      failures = lasted > max ? 1 : failures + 1;
      // A server that was in use is most often back in a moment: it gets one more try.
      if (refreshedAt === undefined || isForAnother(error)) position += 1;
      refreshedAt = undefined;
      const longest = backoff(failures, { initial, max });
      const inMilliseconds = Math.round(longest * (1 - random() / 2));
      return concat(
        of<DirectoryChange>({ kind: 'disconnected', url, ...causeOf(error) }),
        of<DirectoryChange>({ kind: 'reconnecting', url: urlAt(urls, position), attempt: failures, inMilliseconds }),
        timer(inMilliseconds, scheduler).pipe(ignoreElements()),
      );
    };

    return defer(() => {
      const url = urlAt(urls, position);
      const ended = throwError(() => new DirectoryError('the directory ended the subscription'));
      return concat(connect(url), ended).pipe(
        tap((change) => {
          if (change.kind === 'refreshed') refreshedAt = scheduler.now();
        }),
        catchError((error) => failed(url, error)),
      );
    }).pipe(repeat());
  });
}

/** The server can be read but not written, and says where to write instead; or it is behind. */
function isForAnother(error: unknown): boolean {
  if (error instanceof TryNextServer) return true;
  return error instanceof DirectoryError && error.resultCode === ResultCode.referral;
}

function urlAt(urls: readonly string[], position: number): string {
  const url = urls[position % urls.length];
  if (url === undefined) throw new RangeError('no directory URL is configured');
  return url;
}

function causeOf(error: unknown): { reason: string; remedy?: string; resultCode?: number } {
  if (!(error instanceof DirectoryError)) return { reason: error instanceof Error ? error.message : String(error) };
  const { message: reason, remedy, resultCode } = error;
  return { reason, ...(remedy === undefined ? {} : { remedy }), ...(resultCode === undefined ? {} : { resultCode }) };
}
