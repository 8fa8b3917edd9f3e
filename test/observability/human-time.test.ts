import { describe, expect, it } from 'vitest';
import {
  dateTime,
  fullTime,
  localDay,
  localTime,
  readableStamp,
  zoneName,
} from '../../src/observability/human-time.ts';
import { useTimeZone } from '../support/time-zone.ts';

useTimeZone('Europe/Zurich');

describe('times for people', () => {
  it('are in the zone of the process, with its name, also while the clocks are put forward', () => {
    expect(fullTime('2026-03-28T23:30:00.500Z')).toBe('2026-03-29 00:30:00 CET');
    expect(fullTime('2026-03-29T01:00:00.000Z')).toBe('2026-03-29 03:00:00 CEST');
    expect(dateTime('2026-07-01T12:00:00.999Z')).toBe('2026-07-01 14:00:00');
    expect(zoneName('2026-07-01T00:00:00.000Z')).toBe('CEST');
  });

  it('have the day where that is not today, by the local calendar', () => {
    const now = '2026-03-01T22:59:00.000Z';
    expect(localTime('2026-02-28T23:00:00.000Z', now)).toBe('00:00:00');
    expect(localTime('2026-02-28T22:59:59.000Z', now)).toBe('2026-02-28 23:59:59');
    expect(localDay(now)).toBe('2026-03-01');
  });

  it('are made of the stamps of the directory, and leave any other text alone', () => {
    expect(readableStamp('20260301T100000Z')).toBe('2026-03-01 11:00:00 CET');
    expect(readableStamp('20260401')).toBe('2026-04-01');
    expect(readableStamp('20261399T100000Z')).toBe('20261399T100000Z');
    expect(readableStamp('never')).toBe('never');
  });
});
