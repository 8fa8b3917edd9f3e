import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Presence, presentText, readPresence } from '../../../src/domain/presence.ts';
import { PresenceKeeper } from '../../../streams/leases/presence-keeper.ts';
import { PRESENCE_DURATION, PRESENCE_EVERY } from '../../../streams/leases/presences.ts';

/** The presence entries, each with the id of the server that took its last write. */
let entries: Map<string, { value: string; server: string }>;
let away: boolean;
let notices: string[];
let turns: number;
const keepers: PresenceKeeper[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  entries = new Map();
  away = false;
  notices = [];
  turns = 0;
});
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** A service that writes to the server with this id. */
function start(holder: string, server = '001') {
  const keeper = new PresenceKeeper({
    name: holder,
    holder,
    now: () => Date.now(),
    newTurn: () => `turn-${++turns}`,
    notice: (message) => notices.push(`${holder}: ${message}`),
    directory: {
      announce: async (name, value) => {
        if (away) throw new Error('no answer');
        entries.set(name, { value, server });
      },
      presences: async () => {
        if (away) throw new Error('no answer');
        const read = [...entries.values()].map((entry) => readPresence([entry.value], `1#0#${entry.server}#0`));
        return read.filter((presence): presence is Presence => presence !== undefined);
      },
    },
  });
  keepers.push(keeper);
  keeper.connected();
  return keeper;
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('the presence of services', () => {
  it('is known to all of them, until one is gone', async () => {
    const [one, two] = [start('one'), start('two')];
    await pass(PRESENCE_EVERY);
    expect([one.holders, two.holders]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    await two.close();
    await pass(PRESENCE_EVERY);
    expect(one.holders).toEqual(['one']);
  });

  it('ends when it has not been renewed for as long as it says', async () => {
    const one = start('one');
    entries.set('two', { value: presentText('two', 'last', PRESENCE_DURATION), server: '001' });
    await pass(PRESENCE_EVERY);
    expect(one.holders).toEqual(['one', 'two']);
    await pass(PRESENCE_DURATION + PRESENCE_EVERY);
    expect(one.holders).toEqual(['one']);
  });

  it('goes on after a directory that was away', async () => {
    const one = start('one');
    await pass(PRESENCE_EVERY);
    away = true;
    await pass(60_000);
    away = false;
    one.connected();
    await pass(PRESENCE_EVERY);
    expect(one.holders).toEqual(['one']);
    expect(notices.toSorted()).toEqual([]);
  });
});

describe('services on two masters', () => {
  it('tell it within 5 s, and only those on the first of the two may claim', async () => {
    const [one, two] = [start('one', '001'), start('two', '002')];
    await pass(5_000);
    expect([one.mayClaim, two.mayClaim]).toEqual([true, false]);
    expect(notices.toSorted()).toEqual([
      expect.stringMatching(/^one: .*server ids 001, 002.*goes on/),
      expect.stringMatching(/^two: .*waits/),
    ]);
  });

  it('go on together when they are on one', async () => {
    start('one', '001');
    const two = start('two', '002');
    await pass(5_000);
    const never = new AbortController().signal;
    let waited = false;
    void two.untilMayClaim(never).then(() => {
      waited = true;
    });
    await pass(1_000);
    expect(waited).toBe(false);
    two.stop();
    const moved = start('two', '001');
    await pass(5_000);
    expect(moved.mayClaim).toBe(true);
    expect(notices.at(-1)).toContain('one server again');
  });

  it('a wait for the other ends with the service', async () => {
    start('one', '001');
    const two = start('two', '002');
    await pass(5_000);
    const stop = new AbortController();
    const waiting = expect(two.untilMayClaim(stop.signal)).rejects.toThrow('stopped');
    stop.abort(new Error('stopped'));
    await waiting;
  });
});
