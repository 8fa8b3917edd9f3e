import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryClock } from '../../src/domain/directory-clock.ts';

describe("the directory's clock", () => {
  it('is not known before a stamp was seen', () => {
    const clock = new DirectoryClock(() => 5);
    expect(clock.now()).toBeUndefined();
    clock.observe(undefined);
    expect(clock.now()).toBeUndefined();
  });

  it('goes on with the time that passes here, and forward with younger stamps, never back with older ones', () => {
    let monotonic = 0;
    const clock = new DirectoryClock(() => monotonic);
    clock.observe(1_000);
    monotonic = 50;
    expect(clock.now()).toBe(1_050);
    clock.observe(2_000);
    clock.observe(10);
    expect(clock.now()).toBe(2_000);
  });

  it('is never ahead of the real one, whatever stamps are seen and when', () => {
    const sighting = fc.record({ pause: fc.nat(10_000), age: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.array(sighting), fc.integer(), (sightings, ahead) => {
        let monotonic = 0;
        const clock = new DirectoryClock(() => monotonic);
        for (const { pause, age } of sightings) {
          monotonic += pause;
          clock.observe(monotonic + ahead - age);
          expect(clock.now()).toBeLessThanOrEqual(monotonic + ahead);
        }
      }),
    );
  });
});
