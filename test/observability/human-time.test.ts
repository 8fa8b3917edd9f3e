import { afterEach, beforeEach, expect, it } from 'vitest';
import { dateTime, zoneName } from '../../src/observability/human-time.ts';

let zone: string | undefined;
beforeEach(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Zurich';
});
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

it('tells a time of the directory in the zone of this host, also in summer, or in UTC', () => {
  expect(dateTime('2026-11-27T23:15:30.999Z', false)).toBe('2026-11-28 00:15:30');
  expect(dateTime('2026-07-01T12:00:00Z', false)).toBe('2026-07-01 14:00:00');
  expect(dateTime('2026-07-01T12:00:00Z', true)).toBe('2026-07-01 12:00:00');
  expect([zoneName(false), zoneName(true)]).toEqual(['Europe/Zurich', 'UTC']);
});
