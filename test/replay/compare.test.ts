import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { Comparison } from '../../src/replay/compare.ts';

const of = (uid: string) => ({ uid, dn: `uid=${uid}`, mode: 'add' });
const at = (event: StreamEvent): PublishedEvent => ({ time: '2026-03-01T02:00:00.000Z', ...event });
const queued = (uid: string) => at({ event: 'queued', ...of(uid) });
const failed = (uid: string, returnValue: number) =>
  at({ event: 'failed', returnValue, reason: 'r', step: 'script', ...of(uid) });

describe('the comparison of a replay with its record', () => {
  it('finds no difference in the same decisions, however the two are interleaved', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(2)), { maxLength: 30 });
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.boolean()), (made, choice) => {
        const all = made.map(([uid, code]) => (code === 0 ? queued(uid) : failed(uid, code)));
        const comparison = new Comparison();
        let [recorded, replayed] = [0, 0];
        while (recorded < all.length || replayed < all.length) {
          const first = replayed >= all.length || (recorded < all.length && choice.next().value);
          const event = first ? all[recorded++] : all[replayed++];
          if (event === undefined) break;
          if (first) comparison.recorded(event);
          else comparison.replayed(event);
        }
        expect(comparison.result()).toEqual({ same: all.length, differing: 0, differences: [] });
      }),
    );
  });

  it('knows an entry without a workable uid again by its DN, however that is written', () => {
    const skipped = (dn: string) => at({ event: 'skipped', dn, reason: 'the entry has no uid' });
    const comparison = new Comparison();
    comparison.recorded(skipped('cn=a\\2Cb,dc=x'));
    comparison.replayed(skipped('CN=a\\,b, dc=x'));
    expect(comparison.result()).toEqual({ same: 1, differing: 0, differences: [] });
  });

  it('names the first difference of an account, and not what follows from it', () => {
    const comparison = new Comparison();
    comparison.recorded(failed('a', 5));
    comparison.recorded(queued('a'));
    comparison.replayed(failed('A', 6));
    comparison.replayed(failed('a', 7));
    comparison.replayed(queued('b'));
    comparison.recorded(queued('b'));
    expect(comparison.result()).toEqual({
      same: 1,
      differing: 1,
      differences: [{ account: 'a', recorded: 'failed with 5', replayed: 'failed with 6' }],
    });
  });

  it('names what only one of them decided', () => {
    const comparison = new Comparison();
    comparison.recorded(queued('a'));
    comparison.replayed(queued('b'));
    expect(comparison.result().differences).toEqual([
      { account: 'a', recorded: 'queued', replayed: 'nothing' },
      { account: 'b', recorded: 'nothing', replayed: 'queued' },
    ]);
  });

  it('does not count what the replay says beyond a record that was cut off', () => {
    const comparison = new Comparison();
    comparison.replayed(queued('a'));
    comparison.recorded(queued('b'));
    comparison.cutOff();
    expect(comparison.result().differences).toEqual([{ account: 'b', recorded: 'queued', replayed: 'nothing' }]);
  });

  it('follows, in a record that begins in the middle, the accounts that are asked for in it', () => {
    const comparison = new Comparison();
    comparison.begin(true);
    comparison.recorded(queued('before'));
    comparison.requested('new');
    comparison.recorded(queued('new'));
    comparison.replayed(queued('new'));
    expect(comparison.result()).toEqual({ same: 1, differing: 0, differences: [] });
  });
});
