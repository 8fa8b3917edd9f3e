import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, LONGEST_DURATION, parseDuration, parseSize } from '../../../config/kinds/units.ts';

describe('durations', () => {
  it.each([
    ['100ms', 100],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    ['1.1h', 3_960_000],
    ['10 s', 10_000],
    ['0s', 0],
    ['3650d', LONGEST_DURATION],
  ])('reads %s as %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    '30',
    's',
    '-1s',
    '+1s',
    '1e3s',
    '0.5ms',
    '1,5h',
    '10 seconds',
    '1h30m',
    '3651d',
    'toString',
    '1toString',
    '٣s',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back whatever it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LONGEST_DURATION }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });

  it('writes the largest unit that leaves a whole number', () => {
    expect([100, 1_500, 60_000, 86_400_000, 90_000, 0].map(formatDuration)).toEqual([
      '100ms',
      '1500ms',
      '1m',
      '1d',
      '90s',
      '0s',
    ]);
  });

  it('answers any text with a whole number of milliseconds or nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = parseDuration(text);
        expect(read === undefined || (Number.isInteger(read) && read >= 0 && read <= LONGEST_DURATION)).toBe(true);
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['1.5 GiB', 1_610_612_736],
    ['1TiB', 2 ** 40],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '1', '1MB', '1mib', '-1MiB', '1 000MiB', 'MiB', '1e3MiB'])('does not read %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
