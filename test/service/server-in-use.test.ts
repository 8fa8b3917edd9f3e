import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { ServerInUse } from '../../src/service/server-in-use.ts';

const REFERRED = new DirectoryError('a referral');

/**
 * The errors with which subscriptions were given up. After each one it subscribes again, as
 * `reconnect` does.
 */
function reasonsOf(server: ServerInUse): unknown[] {
  const reasons: unknown[] = [];
  const subscribe = (): void => {
    server.givenUp$.subscribe({
      error: (error) => {
        reasons.push(error);
        subscribe();
      },
    });
  };
  subscribe();
  return reasons;
}

describe('the server in use', () => {
  it('is subscribed to from the end of its refresh to the loss of the connection', () => {
    const server = new ServerInUse(() => ['a']);
    const seen = [server.subscribed];
    server.connected('a');
    seen.push(server.subscribed);
    server.refreshed(false);
    seen.push(server.subscribed);
    server.disconnected();
    seen.push(server.subscribed);
    expect(seen).toEqual([false, false, true, false]);
  });

  it('is given up where it refers a write to another one', () => {
    const server = new ServerInUse(() => ['a', 'b']);
    const reasons = reasonsOf(server);
    server.connected('a');
    server.referred(REFERRED, 'a');
    expect(reasons).toEqual([REFERRED]);
  });

  it('is kept where the referral is of a server that was left, or there is no other', () => {
    const two = new ServerInUse(() => ['a', 'b']);
    const one = new ServerInUse(() => ['a']);
    const reasons = [reasonsOf(two), reasonsOf(one)];
    two.connected('b');
    two.referred(REFERRED, 'a');
    two.disconnected();
    two.referred(REFERRED, 'b');
    one.connected('a');
    one.referred(REFERRED, 'a');
    expect(reasons).toEqual([[], []]);
  });

  it('is given up once its refresh is through where it lags', async () => {
    const server = new ServerInUse(() => ['a', 'b']);
    const reasons = reasonsOf(server);
    server.connected('a');
    server.refreshed(true);
    expect(reasons).toEqual([]);
    await Promise.resolve();
    expect(reasons).toMatchObject([{ message: expect.stringContaining('a: the server shows') }]);
  });
});
