import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTimeOfDay } from '../../src/notify/time-of-day.ts';

const next = (timeOfDay: string, zone: string, now: string) =>
  new Date(nextTimeOfDay(timeOfDay, zone, Date.parse(now))).toISOString();

describe('the next time of day', () => {
  it.each([
    ['later today', '07:00', 'Europe/Zurich', '2026-11-28T05:59:59Z', '2026-11-28T06:00:00.000Z'],
    ['tomorrow, if it is now', '07:00', 'Europe/Zurich', '2026-11-28T06:00:00Z', '2026-11-29T06:00:00.000Z'],
    ['after clocks went forward', '07:00', 'Europe/Zurich', '2026-03-28T07:00:00Z', '2026-03-29T05:00:00.000Z'],
    ['after clocks went back', '07:00', 'Europe/Zurich', '2026-10-24T06:00:00Z', '2026-10-25T06:00:00.000Z'],
    ['in a zone of half hours', '07:00', 'Asia/Kolkata', '2026-11-28T00:00:00Z', '2026-11-28T01:30:00.000Z'],
    ['where clocks leave it out', '02:30', 'Europe/Zurich', '2026-03-29T00:00:00Z', '2026-03-29T01:30:00.000Z'],
  ])('is %s', (_, timeOfDay, zone, now, expected) => {
    expect(next(timeOfDay, zone, now)).toBe(expected);
  });

  it('is always ahead, by not much more than a day', () => {
    const zone = fc.constantFrom('Europe/Zurich', 'America/St_Johns', 'Australia/Lord_Howe', 'UTC');
    const minutes = fc.integer({ min: 0, max: 1_439 });
    const now = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 11, 31) });
    fc.assert(
      fc.property(zone, minutes, now, (timeZone, minute, at) => {
        const two = (part: number) => String(part).padStart(2, '0');
        const ahead = nextTimeOfDay(`${two(Math.floor(minute / 60))}:${two(minute % 60)}`, timeZone, at) - at;
        expect(ahead).toBeGreaterThan(0);
        expect(ahead).toBeLessThanOrEqual(25.5 * 3_600_000);
      }),
    );
  });
});
