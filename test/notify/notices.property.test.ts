import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Notices } from '../../src/notify/notices.ts';
import type { Message, Report, Trouble } from '../../src/notify/trouble.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CAUSES: readonly Trouble[] = [
  { event: 'failed', key: 'a', title: 'a' },
  { event: 'failed', key: 'b', title: 'b' },
  { event: 'failed', key: 'disk full', title: 'the disk is full', causesOthers: true },
  { event: 'conflict', key: 'c', title: 'c' },
];
const DOWN: Trouble = { event: 'disconnected', key: 'down', title: 'down', causesOthers: true, isPassing: true };

type Input =
  | { readonly do: 'fire' | 'find'; readonly uid: string; readonly cause: number; readonly after: number }
  | { readonly do: 'settle'; readonly uid: string; readonly after: number }
  | { readonly do: 'down' | 'up' | 'digest'; readonly after: number };

const uid = fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5', 'u6');
const after = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 3 * HOUR }));
const input: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ do: fc.constantFrom('fire', 'fire', 'find'), uid, cause: fc.nat(CAUSES.length - 1), after }),
  fc.record({ do: fc.constant('settle' as const), uid, after }),
  fc.record({ do: fc.constantFrom('down' as const, 'up' as const, 'digest' as const), after }),
);
const limits = fc.record({
  quiet: fc.constantFrom(1_000, 5 * MINUTE, HOUR),
  remind: fc.constantFrom(undefined, HOUR, 4 * HOUR),
  mostPerHour: fc.integer({ min: 1, max: 5 }),
});

interface Run {
  readonly messages: readonly Message[];
  readonly held: number;
  /** What was said, and what happened, in order. */
  readonly told: ReadonlyArray<{
    readonly key: string;
    readonly state: Report['state'];
    readonly ids: readonly string[];
  }>;
}

/** Runs the inputs by a clock that jumps to whatever comes first: the next input, or a message. */
function run(inputs: readonly Input[], given: ConstructorParameters<typeof Notices>[0], calmFor = 0): Run {
  const notices = new Notices(given);
  const messages: Message[] = [];
  let now = Date.parse('2026-11-28T00:00:00Z');
  const until = (time: number) => {
    for (let due = notices.dueAt(); due <= time; due = notices.dueAt()) {
      now = Math.max(now, due);
      const message = notices.take(now);
      if (message !== undefined) messages.push(message);
    }
    now = Math.max(now, time);
  };
  for (const each of inputs) {
    until(now + each.after);
    switch (each.do) {
      case 'fire':
      case 'find': {
        const trouble = CAUSES[each.cause] ?? DOWN;
        notices[each.do](trouble, { id: each.uid, uid: each.uid, since: now }, now);
        break;
      }
      case 'settle':
        notices.resolve(each.uid, now);
        break;
      case 'down':
        notices.fire(DOWN, { id: 'down', since: now }, now);
        break;
      case 'up':
        notices.resolve('down', now);
        break;
      case 'digest':
        notices.askDigest();
    }
  }
  if (calmFor > 0) {
    notices.resolve('down', now);
    until(now + calmFor);
  }
  const told = messages.flatMap(({ reports }) =>
    reports.map(({ trouble: { key }, state, subjects }) => ({ key, state, ids: subjects.map(({ id }) => id) })),
  );
  return { messages, held: notices.held, told };
}

const inputs = fc.array(input, { maxLength: 60 });

describe('whatever happens', () => {
  it('no hour has more messages than it may have, and the last one of them says so', () => {
    fc.assert(
      fc.property(inputs, limits, (given, each) => {
        const times = run(given, each, DAY).messages.map(({ time, silentUntil }) => ({ time, silentUntil }));
        for (const [index, { time, silentUntil }] of times.entries()) {
          const within = times.slice(0, index + 1).filter((other) => other.time > time - HOUR);
          expect(within.length).toBeLessThanOrEqual(each.mostPerHour);
          expect(silentUntil !== undefined).toBe(within.length === each.mostPerHour);
        }
      }),
    );
  });

  it('every account in trouble is reported, at the latest when the cause has gone', () => {
    fc.assert(
      fc.property(inputs, limits, (given, each) => {
        expect(run(given, each, 3 * DAY).held).toBe(0);
      }),
    );
  });

  it('nothing is resolved but what was told, and that once', () => {
    fc.assert(
      fc.property(inputs, limits, (given, each) => {
        const open = new Set<string>();
        for (const { key, state } of run(given, each, DAY).told) {
          if (state === 'resolved') expect(open.delete(key)).toBe(true);
          else open.add(key);
        }
      }),
    );
  });

  it('a start alone says nothing, whatever it finds', () => {
    const found = fc.array(
      fc.record({ do: fc.constantFrom('find' as const), uid, cause: fc.nat(CAUSES.length - 1), after }),
    );
    fc.assert(
      fc.property(found, limits, (given, each) => {
        expect(run(given, { ...each, remind: undefined }, DAY).messages).toEqual([]);
      }),
    );
  });

  it('no account is reported as news twice without having been out of trouble', () => {
    const firing = fc.array(
      fc.record({ do: fc.constantFrom('fire' as const, 'find' as const), uid, cause: fc.constant(0), after }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(firing, limits, (given, each) => {
        const news = run(given, each, DAY).told.filter(({ state }) => state === 'new' || state === 'more');
        const ids = news.flatMap((report) => report.ids);
        expect(ids.length).toBe(new Set(ids).size);
      }),
    );
  });

  it('no message is empty but a digest of what is over', () => {
    fc.assert(
      fc.property(inputs, limits, (given, each) => {
        for (const { reports, occasion } of run(given, each, DAY).messages) {
          expect(reports.length > 0 || occasion === 'digest').toBe(true);
        }
      }),
    );
  });
});
