import { describe, expect, it } from 'vitest';
import { EVENT_NAMES } from '../../src/domain/event.ts';
import { readFilter, readSince } from '../../src/operator/event-filter.ts';

const NOW = Date.parse('2026-03-01T02:00:00Z');

describe('since', () => {
  it.each([
    ['90s', NOW - 90_000],
    ['10m', NOW - 600_000],
    ['2h', NOW - 7_200_000],
    ['1d', NOW - 86_400_000],
    ['2026-03-01T01:59:00Z', NOW - 60_000],
    ['2026-03-01', Date.parse('2026-03-01')],
    ['all', Number.NEGATIVE_INFINITY],
    ['now', Number.POSITIVE_INFINITY],
  ])('takes %s', (text, expected) => {
    expect(readSince(text, NOW)).toBe(expected);
  });

  it.each(['', '10', 'm', '-5m', '5 m', 'yesterday', '2026', '99999999999999d'])(
    'refuses "%s" and says what it takes',
    (text) => {
      expect(() => readSince(text, NOW)).toThrow(/10m/);
    },
  );
});

describe('the filter', () => {
  it('takes lists with commas and repeated ones, whatever their case', () => {
    const filter = readFilter({ uid: ['A,b', ' c '], event: ['Finished,failed', ''] });
    expect([...filter.uids]).toEqual(['a', 'b', 'c']);
    expect([...filter.events]).toEqual(['finished', 'failed']);
  });

  it.each(EVENT_NAMES)('takes %s', (name) => {
    expect([...readFilter({ event: [name] }).events]).toEqual([name]);
  });

  it('refuses an event that is none, and names those that are', () => {
    expect(() => readFilter({ event: ['finnished'] })).toThrow(/"finnished".*finished/);
  });
});
