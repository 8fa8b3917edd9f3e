import { concat, EMPTY, NEVER, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { DirectoryChange } from '../../../src/domain/change.ts';
import { ConnectionCut, DirectoryError } from '../../../src/domain/directory-error.ts';
import { type ReconnectOptions, reconnect } from '../../../streams/operators/reconnect.ts';
import { marbles } from '../../support/marbles.ts';

const REFRESHED: DirectoryChange = { kind: 'refreshed', entries: 0, milliseconds: 1 };
const LOST = new DirectoryError('reset', { remedy: 'look at the network' });

function lost(url: string): DirectoryChange {
  return { kind: 'disconnected', url, reason: 'reset', remedy: 'look at the network' };
}
function again(url: string, attempt: number, inMilliseconds: number): DirectoryChange {
  return { kind: 'reconnecting', url, attempt, inMilliseconds };
}

function options(connect: ReconnectOptions['connect'], changes: Partial<ReconnectOptions> = {}): ReconnectOptions {
  return { urls: ['A'], connect, initial: 10, max: 35, random: () => 0, ...changes };
}

describe('reconnect', () => {
  it('passes on what the connection tells, for as long as it lasts', () => {
    marbles(({ cold, expectObservable }) => {
      const connection = cold('-r-----', { r: REFRESHED });
      const expected = '       -r-----';
      expectObservable(reconnect(options(() => connection))).toBe(expected, { r: REFRESHED });
    });
  });

  it('waits longer after each failure, up to the longest pause, and never gives up', () => {
    marbles(({ cold, expectObservable }) => {
      const connect = () => cold<DirectoryChange>('#', undefined, LOST);
      const expected = '(ab) 6ms (ac) 16ms (ad) 31ms (ae) 31ms (af)';
      const values = {
        a: lost('A'),
        b: again('A', 1, 10),
        c: again('A', 2, 20),
        d: again('A', 3, 35),
        e: again('A', 4, 35),
        f: again('A', 5, 35),
      };
      expectObservable(reconnect(options(connect)), '130ms !').toBe(expected, values);
    });
  });

  it.each([
    ['outlived the delay before it', 21, 1, 10],
    ['did not', 20, 3, 35],
  ])('begins with the shortest delay again only after a subscription that %s', (_, lasted, attempt, delay) => {
    marbles(({ cold, expectObservable }) => {
      let count = 0;
      const connect = () => {
        count += 1;
        const marks = count === 3 ? `r ${lasted - 1}ms #` : '#';
        return cold<DirectoryChange>(marks, { r: REFRESHED }, LOST);
      };
      const values = {
        a: lost('A'),
        b: again('A', attempt, delay),
        c: again('A', 2, 20),
        d: again('A', 1, 10),
        r: REFRESHED,
      };
      const expected = `(ad) 6ms (ac) 16ms r ${lasted - 1}ms (ab)`;
      expectObservable(reconnect(options(connect)), `${lasted + 32}ms !`).toBe(expected, values);
    });
  });

  it('names what cuts idle connections at the second cut in a row after about the same silence', () => {
    const silences = [5_003, 5_002, 9_000, 5_001, 400, 400];
    const causes: DirectoryChange[] = [];
    marbles(({ cold, flush }) => {
      const connect = () => {
        const cut = new ConnectionCut('closed', silences.shift() ?? 0, { remedy: 'restart' });
        return silences.length === 0 ? cold<DirectoryChange>('-') : cold('r 99ms #', { r: REFRESHED }, cut);
      };
      const subscription = reconnect(options(connect)).subscribe((change) => causes.push(change));
      cold('900ms x').subscribe(() => subscription.unsubscribe());
      flush();
    });
    const named = {
      reason: 'closed; twice in a row, after 5 s without a byte',
      remedy: expect.stringMatching(/a proxy.*reconnect\.deadAfter to 5s or less/),
    };
    const plain = { reason: 'closed', remedy: 'restart' };
    expect(causes.filter(({ kind }) => kind === 'disconnected')).toMatchObject([plain, named, plain, plain, plain]);
  });

  it('leaves a replica for the next server at once, though its subscription lasted', () => {
    const tried: string[] = [];
    marbles(({ cold, flush }) => {
      const referred = new DirectoryError('referral', { resultCode: 10 });
      const connect = (url: string): Observable<DirectoryChange> => {
        tried.push(url);
        return url === 'A' ? cold('r 99ms #', { r: REFRESHED }, referred) : cold('r', { r: REFRESHED });
      };
      const subscription = reconnect(options(connect, { urls: ['A', 'B'] })).subscribe();
      cold('900ms x').subscribe(() => subscription.unsubscribe());
      flush();
    });
    expect(tried).toEqual(['A', 'B']);
  });

  it('takes off up to half of a delay by chance', () => {
    marbles(({ cold, expectObservable }) => {
      const connect = () => cold<DirectoryChange>('#', undefined, LOST);
      const values = { a: lost('A'), b: again('A', 1, 6) };
      expectObservable(reconnect(options(connect, { random: () => 0.9 })), '--!').toBe('(ab)', values);
    });
  });

  it('treats the end of a connection as its loss', () => {
    marbles(({ expectObservable }) => {
      const ended: DirectoryChange = { kind: 'disconnected', url: 'A', reason: 'the directory ended the subscription' };
      expectObservable(reconnect(options(() => EMPTY)), '--!').toBe('(ab)', { a: ended, b: again('A', 1, 10) });
    });
  });

  it('tries the servers in order, keeps to one that works, and gives it one more try when it fails', () => {
    const tried: string[] = [];
    marbles(({ cold, flush }) => {
      const works = new Set(['B']);
      const connect = (url: string): Observable<DirectoryChange> => {
        tried.push(url);
        const works_ = works.has(url) && tried.filter((one) => one === 'B').length < 3;
        return works_ ? cold('r 5ms #', { r: REFRESHED }, LOST) : cold('#', undefined, LOST);
      };
      const subscription = reconnect(options(connect, { urls: ['A', 'B', 'C'] })).subscribe();
      cold('500ms x').subscribe(() => subscription.unsubscribe());
      flush();
    });
    expect(tried.slice(0, 6)).toEqual(['A', 'B', 'B', 'B', 'C', 'A']);
  });

  it('closes the connection, and tries no more, when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const connection = cold<DirectoryChange>('------');
      expectObservable(reconnect(options(() => connection)), '---!').toBe('------');
      expectSubscriptions(connection.subscriptions).toBe('^--!');
    });
  });

  it('looks the servers up again for each round, and continues with one that is in use', () => {
    const tried: string[] = [];
    const rounds = [['A', 'B'], ['C']];
    marbles(({ cold, flush }) => {
      const connect = (url: string): Observable<DirectoryChange> => {
        tried.push(url);
        return url === 'C' ? cold('r 99ms #', { r: REFRESHED }, LOST) : cold('#', undefined, LOST);
      };
      const lookUp = () => cold('-(r|)', { r: rounds.shift() ?? ['D'] });
      const subscription = reconnect(options(connect, { urls: ['srv:x'], lookUp })).subscribe();
      cold('300ms x').subscribe(() => subscription.unsubscribe());
      flush();
    });
    expect(tried).toEqual(['A', 'B', 'C', 'C', 'C']);
  });

  it('waits and looks up again where that fails, which it reports', () => {
    marbles(({ cold, expectObservable }) => {
      let count = 0;
      const lookUp = () => {
        count += 1;
        return count === 1 ? cold<readonly string[]>('#', undefined, LOST) : of(['A']);
      };
      const connect = () => cold('r', { r: REFRESHED });
      const values = { a: lost('srv:x'), b: again('srv:x', 1, 10), r: REFRESHED };
      expectObservable(reconnect(options(connect, { urls: ['srv:x'], lookUp })), '40ms !').toBe('(ab) 6ms r', values);
    });
  });

  it('connects only when it is subscribed, and takes no URL for a mistake', () => {
    let connected = 0;
    const made = reconnect(
      options(() => {
        connected += 1;
        return concat(of(REFRESHED), NEVER);
      }),
    );
    expect(connected).toBe(0);
    made.subscribe().unsubscribe();
    expect(connected).toBe(1);
    let failure: unknown;
    reconnect(options(() => throwError(() => LOST), { urls: [] })).subscribe({ error: (error) => (failure = error) });
    expect(failure).toBeInstanceOf(RangeError);
  });
});
