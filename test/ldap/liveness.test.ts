import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Liveness, MINIMUM_RATE } from '../../src/ldap/liveness.ts';

/** A number of bytes that does not extend any limit. */
const FEW = 0;

describe('the judgement of a connection', () => {
  it('asks a peer once when it was silent for half the time, and gives it up after the whole', () => {
    const liveness = new Liveness(1000, 0);
    expect(liveness.judge(0)).toEqual({ kind: 'alive', inMilliseconds: 500 });
    expect(liveness.judge(500)).toEqual({ kind: 'probe', inMilliseconds: 500 });
    expect(liveness.judge(700)).toEqual({ kind: 'alive', inMilliseconds: 300 });
    expect(liveness.judge(1000)).toEqual({ kind: 'silent' });
  });

  it('begins again with each byte that arrives', () => {
    const liveness = new Liveness(1000, 0);
    liveness.judge(500);
    liveness.received(900, FEW);
    expect(liveness.judge(1000)).toEqual({ kind: 'alive', inMilliseconds: 400 });
    expect(liveness.judge(1400)).toEqual({ kind: 'probe', inMilliseconds: 500 });
  });

  it('asks before it gives up, and leaves time for an answer, where the process itself was held up', () => {
    const liveness = new Liveness(1000, 0);
    expect(liveness.judge(50_000)).toEqual({ kind: 'probe', inMilliseconds: 500 });
    const late = new Liveness(1000, 0);
    expect(late.judge(990)).toEqual({ kind: 'probe', inMilliseconds: 500 });
    expect(late.judge(1490)).toEqual({ kind: 'silent' });
  });

  it('gives up a refresh without progress although the peer answers, and no longer once it is over', () => {
    const liveness = new Liveness(1000, 0);
    liveness.progressed(200);
    liveness.received(1100, FEW);
    liveness.delivered();
    expect(liveness.judge(1100)).toEqual({ kind: 'alive', inMilliseconds: 100 });
    expect(liveness.judge(1200)).toEqual({ kind: 'stuck' });
    liveness.refreshed();
    expect(liveness.judge(1200)).toEqual({ kind: 'alive', inMilliseconds: 400 });
  });

  it('gives up a stream of which bytes come but no whole message for twice the time', () => {
    const liveness = new Liveness(1000, 0);
    liveness.received(50, FEW);
    liveness.delivered();
    for (const now of [100, 600, 1100, 1600, 2000]) liveness.received(now, FEW);
    expect(liveness.judge(2000)).toEqual({ kind: 'alive', inMilliseconds: 100 });
    expect(liveness.judge(2100)).toEqual({ kind: 'garbled' });
    liveness.delivered();
    expect(liveness.judge(2100).kind).toBe('alive');
  });

  it('waits for a large message as long as its bytes come fast enough, in a refresh too, and no longer', () => {
    const liveness = new Liveness(1000, 0);
    liveness.progressed(0);
    for (let now = 0; now <= 60_000; now += 100) {
      liveness.received(now, 100 * MINIMUM_RATE);
      expect(liveness.judge(now).kind).toBe('alive');
    }
    liveness.received(60_800, FEW);
    expect(liveness.judge(60_900)).toEqual({ kind: 'alive', inMilliseconds: 100 });
    expect(liveness.judge(61_000)).toEqual({ kind: 'stuck' });
    liveness.refreshed();
    for (let now = 61_000; now < 62_000; now += 100) liveness.received(now, FEW);
    expect(liveness.judge(61_999)).toEqual({ kind: 'alive', inMilliseconds: 1 });
    expect(liveness.judge(62_000)).toEqual({ kind: 'garbled' });
  });

  it('grants nothing for what was swallowed at once', () => {
    const liveness = new Liveness(1000, 0);
    liveness.received(100, 1_000_000 * MINIMUM_RATE);
    for (let now = 200; now <= 2_100; now += 100) liveness.received(now, FEW);
    expect(liveness.judge(2_100)).toEqual({ kind: 'garbled' });
  });

  it('gives a silent peer up within the time, whatever came before, when it is asked again as told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100_000 }), fc.array(fc.nat(50_000)), (deadAfter, gaps) => {
        const liveness = new Liveness(deadAfter, 0);
        let last = 0;
        for (const gap of gaps) {
          last += gap;
          liveness.received(last, FEW);
          liveness.delivered();
        }
        let now = last;
        let probes = 0;
        for (let turns = 0; turns < 5; turns += 1) {
          const verdict = liveness.judge(now);
          if (verdict.kind !== 'alive' && verdict.kind !== 'probe') break;
          if (verdict.kind === 'probe') probes += 1;
          now += verdict.inMilliseconds;
        }
        expect(now - last).toBeCloseTo(deadAfter);
        expect(probes).toBe(1);
      }),
    );
  });
});
