import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { createNotifier, type NotifierOptions } from '../../src/notify/notifier.ts';
import type { Message } from '../../src/notify/trouble.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-28T04:00:00Z');

beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

function started(options: Partial<NotifierOptions> = {}) {
  const sent: Message[] = [];
  const send = async (message: Message) => void sent.push(message);
  const notifier = createNotifier({
    limits: { quiet: 300_000, remind: undefined, mostPerHour: 20 },
    on: ['failed', 'disconnected'],
    digest: undefined,
    receivers: [
      { name: 'mail', target: 'ops', send },
      { name: 'webhook', target: 'hook', send: () => Promise.reject(new Error('no')) },
    ],
    states: [],
    now: Date.now,
    notice: () => undefined,
    ...options,
  });
  return { notifier, sent };
}

const failed = (uid: string): PublishedEvent => ({
  ...{ time: new Date().toISOString(), event: 'failed', uid, dn: `uid=${uid}`, mode: 'adding' },
  ...{ returnValue: 6, reason: 'why', step: 'script' },
});

describe('a notifier', () => {
  it('sends what is due to each receiver, whatever another one does', async () => {
    const { notifier, sent } = started();
    notifier.take(failed('u1'));
    expect(notifier.status().held).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toMatchObject([{ occasion: 'news', reports: [{ state: 'new', count: 1 }] }]);
    expect(notifier.status()).toMatchObject({
      held: 0,
      receivers: [
        { receiver: 'mail', sent: 1, queued: 0 },
        { receiver: 'webhook', sent: 0, queued: 1, failure: 'no' },
      ],
    });
  });

  it('sends the digest at its time of day, if there is something to say', async () => {
    const { notifier, sent } = started({ digest: { timeOfDay: '07:00', timeZone: 'Europe/Zurich' } });
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(sent).toEqual([]);
    const time = new Date().toISOString();
    const failedAt = '2026-11-27T00:00:00Z';
    notifier.take({ time, event: 'skipped', uid: 'u1', dn: 'uid=u1', mode: 'adding', reason: 'failed', failedAt });
    await vi.advanceTimersByTimeAsync(24 * HOUR);
    expect(sent).toMatchObject([{ occasion: 'digest', reports: [{ state: 'still', count: 1 }] }]);
    expect(new Date(sent[0]?.time ?? 0).toISOString()).toMatch(/^2026-11-29T06:00:0/);
  });

  it('tells of a journal that cannot be written, where the site wants that, and that it can again', async () => {
    let failure: string | undefined = 'ENOSPC';
    const { sent } = started({
      on: ['journal'],
      states: [
        {
          event: 'journal',
          name: 'the journal',
          failure: () => (failure === undefined ? undefined : { title: 'the journal', words: failure }),
        },
      ],
    });
    await vi.advanceTimersByTimeAsync(HOUR);
    failure = undefined;
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(sent.map(({ reports }) => reports.map(({ state, trouble: { words } }) => [state, words]))).toEqual([
      [['new', 'ENOSPC']],
      [['resolved', 'ENOSPC']],
    ]);
  });

  it('does as other settings say, and knows what it has told', async () => {
    const { notifier, sent } = started();
    notifier.take(failed('u1'));
    await vi.advanceTimersByTimeAsync(2_000);
    const elsewhere: Message[] = [];
    const receiver = {
      name: 'mail' as const,
      target: 'others',
      send: async (message: Message) => void elsewhere.push(message),
    };
    const limits = { quiet: 60_000, remind: undefined, mostPerHour: 20 };
    notifier.use({ limits, on: ['failed', 'paused'], digest: undefined, receivers: [receiver] });
    notifier.take(failed('u2'));
    notifier.take({
      time: new Date().toISOString(),
      event: 'paused',
      by: 'brake',
      holds: 'deletes',
      reason: 'too many',
    });
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(sent).toHaveLength(1);
    const reports = elsewhere.flatMap(({ reports }) =>
      reports.map(({ state, trouble: { event } }) => `${event} ${state}`),
    );
    expect(reports.slice(0, 2).sort()).toEqual(['failed more', 'paused new']);
    expect(notifier.status().receivers).toMatchObject([{ target: 'others' }]);
  });

  it('sends at its end what it has not told, and does nothing afterwards', async () => {
    const { notifier, sent } = started();
    notifier.take(failed('u1'));
    await notifier.close();
    notifier.take(failed('u2'));
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(sent).toMatchObject([{ occasion: 'stop', reports: [{ count: 1 }] }]);
  });
});
