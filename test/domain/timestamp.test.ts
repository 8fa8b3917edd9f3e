import { describe, expect, it } from 'vitest';
import {
  dayIn,
  generalizedTime,
  isCalendarDay,
  isStateTimestamp,
  readGeneralizedTime,
  readStateTimestamp,
  stateTimestamp,
} from '../../src/domain/timestamp.ts';
import { useTimeZone } from '../support/time-zone.ts';

describe('the times of the directory', () => {
  // A time in UTC that is read in the zone of the process shows.
  useTimeZone('Europe/Zurich');

  it('writes a state as YYYYMMDDThhmmssZ in UTC', () => {
    expect(stateTimestamp(new Date('2026-11-23T01:02:03.987Z'))).toBe('20261123T010203Z');
    expect(isStateTimestamp('20261123T010203Z')).toBe(true);
  });

  it.each(['20261123T235960Z', '20261123t000000z', '00010101T235959Z'])('takes %s for a state', (state) => {
    expect(isStateTimestamp(state)).toBe(true);
  });

  it.each([
    ...['20260230T010203Z', '20261123T240000Z', '20261123T016000Z', '20261123T010261Z', '20261123T010203'],
    ...['x20261123T010203Z', '20261123T010203Zx', '20261123010203Z', '0', ''],
  ])('does not take %j for a state', (state) => {
    expect(isStateTimestamp(state)).toBe(false);
    expect(readStateTimestamp(state)).toBeUndefined();
  });

  it('reads a state as a time in UTC', () => {
    expect(readStateTimestamp('20261123T010203Z')).toBe(Date.UTC(2026, 10, 23, 1, 2, 3));
    expect(readStateTimestamp('20261123t010203z')).toBe(Date.UTC(2026, 10, 23, 1, 2, 3));
  });

  it('writes generalizedTime without its T', () => {
    expect(generalizedTime(new Date('2026-11-23T01:02:03.987Z'))).toBe('20261123010203Z');
  });

  it.each(['20260230', '20261301', '2026112', '202611231', '00000000', 'today'])('knows no day %s', (day) => {
    expect(isCalendarDay(day)).toBe(false);
  });

  it.each(['20261123', '20240229', '99991231'])('knows the day %s', (day) => {
    expect(isCalendarDay(day)).toBe(true);
  });

  it.each([
    ['Europe/Zurich', '2026-03-28T22:59:59.999Z', '20260328'],
    ['Europe/Zurich', '2026-03-28T23:00:00Z', '20260329'],
    ['Europe/Zurich', '2026-03-29T21:59:59Z', '20260329'],
    ['Europe/Zurich', '2026-03-29T22:00:00Z', '20260330'],
    ['Europe/Zurich', '2026-10-25T22:59:59Z', '20261025'],
    ['Europe/Zurich', '2026-10-25T23:00:00Z', '20261026'],
    ['Pacific/Kiritimati', '2026-12-31T10:00:00Z', '20270101'],
    ['UTC', '2026-12-31T23:59:59Z', '20261231'],
  ])('tells the day in %s at %s, across daylight-saving changes', (zone, at, day) => {
    expect(dayIn(zone)(new Date(at))).toBe(day);
  });

  it('reads generalizedTime with and without fraction and offset', () => {
    expect(readGeneralizedTime('20261123062230Z')).toBe(Date.UTC(2026, 10, 23, 6, 22, 30));
    expect(readGeneralizedTime('20261123062230.159254Z')).toBe(Date.UTC(2026, 10, 23, 6, 22, 30, 159));
    expect(readGeneralizedTime('202611230622+0130')).toBe(Date.UTC(2026, 10, 23, 4, 52));
    expect(readGeneralizedTime('2026112306-01')).toBe(Date.UTC(2026, 10, 23, 7));
    expect(readGeneralizedTime('20261123062230,5z')).toBe(Date.UTC(2026, 10, 23, 6, 22, 30, 500));
  });

  it.each(['yesterday', '', '20261123062230', 'x20261123062230Z', '20261123062230Zx', '20261323062230Z'])(
    'does not take %j for generalizedTime',
    (value) => {
      expect(readGeneralizedTime(value)).toBeUndefined();
    },
  );
});
