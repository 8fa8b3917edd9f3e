import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outbox, Refused } from '../../src/notify/outbox.ts';
import type { Message } from '../../src/notify/trouble.ts';

const TIME = Date.parse('2026-11-28T02:00:00Z');
const HOUR = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ now: TIME }));
afterEach(() => void vi.useRealTimers());

/** An outbox for a receiver that does what `answer` says. */
function started(answer: (message: Message, attempt: number) => Promise<void>) {
  const notices: string[] = [];
  const attempts: number[] = [];
  const outbox = new Outbox({
    receiver: {
      name: 'mail',
      target: 'ops',
      send: (message) => {
        attempts.push(Date.now() - TIME);
        return answer(message, attempts.length);
      },
    },
    now: Date.now,
    notice: (message) => notices.push(message),
  });
  const add = () => outbox.add({ time: Date.now(), occasion: 'news', reports: [] });
  return { outbox, add, attempts, notices };
}

const fails = () => Promise.reject(new Error('no route'));

describe('an outbox', () => {
  it('tries again after growing pauses, and tells of it once', async () => {
    const { outbox, add, attempts, notices } = started((_, attempt) => (attempt < 5 ? fails() : Promise.resolve()));
    add();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(attempts).toEqual([0, 5_000, 15_000, 35_000, 75_000]);
    expect(outbox.status()).toEqual({ receiver: 'mail', target: 'ops', sent: 1, failed: 4, lost: 0, queued: 0 });
    expect(notices).toEqual([
      'cannot send notifications to ops (no route); trying again; check notify.mail',
      'notifications to ops are sent again; lost so far: 0',
    ]);
  });

  it('ends an attempt without an answer after half a minute', async () => {
    const { outbox, add } = started(() => new Promise(() => undefined));
    add();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(outbox.status().failed).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(outbox.status()).toMatchObject({ failed: 1, failure: 'no answer for 30 s' });
  });

  it('keeps a hundred messages, and loses the oldest of more', async () => {
    const { outbox, add } = started(fails);
    for (let n = 0; n < 250; n += 1) add();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outbox.status()).toMatchObject({ queued: 100, lost: 150 });
    const closing = outbox.close(10);
    await vi.advanceTimersByTimeAsync(10);
    await closing;
    expect(outbox.status()).toMatchObject({ queued: 0, lost: 250 });
  });

  it('loses a message that is a day old', async () => {
    const { outbox, add } = started(fails);
    add();
    await vi.advanceTimersByTimeAsync(25 * HOUR);
    expect(outbox.status()).toMatchObject({ queued: 0, lost: 1, sent: 0 });
  });

  it('sends a message that is added at the very moment at which it has sent all others', async () => {
    for (let turns = 0; turns < 10; turns += 1) {
      let taken = () => {};
      const { outbox, add } = started((_, attempt) =>
        attempt > 1
          ? Promise.resolve()
          : new Promise((resolve) => {
              taken = resolve;
            }),
      );
      add();
      await vi.advanceTimersByTimeAsync(1);
      taken();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      add();
      await vi.advanceTimersByTimeAsync(1);
      expect([turns, outbox.status()]).toMatchObject([turns, { sent: 2, queued: 0 }]);
    }
  });

  it('tries each message once more when it is closed, also behind one that is refused', async () => {
    const { outbox, add, notices } = started(({ occasion }) =>
      occasion === 'news' ? Promise.reject(new Refused('550')) : Promise.resolve(),
    );
    add();
    await vi.advanceTimersByTimeAsync(1_000);
    outbox.add({ time: Date.now(), occasion: 'stop', reports: [] });
    await outbox.close(2_000);
    expect(outbox.status()).toMatchObject({ sent: 1, lost: 1, queued: 0 });
    expect(notices.at(-1)).toBe('could not send 1 notification to ops');
  });

  it('loses a message that is refused again and again, and goes on with the next', async () => {
    const { outbox, add } = started((_, attempt) =>
      attempt <= 8 ? Promise.reject(new Refused('550')) : Promise.resolve(),
    );
    add();
    add();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(outbox.status()).toMatchObject({ sent: 1, lost: 1, failed: 8, queued: 0 });
  });
});
