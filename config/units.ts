/** Durations and sizes as people write them, each a number with its unit. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** The longest duration, 3650d: anything beyond is a slip of the pen. */
export const LONGEST_DURATION = 3_650 * 86_400_000;

/**
 * Reads `100ms`, `30s`, `10m`, `1h` or `1d` as milliseconds; a fraction (`1.5h`) is allowed where whole milliseconds come
 * out. Undefined for everything else, a number without its unit included.
 */
export function parseDuration(text: string): number | undefined {
  return parseWithUnit(text, MILLISECONDS, LONGEST_DURATION);
}

/** Reads `512B`, `64KiB`, `10MiB` or `1GiB` as bytes; undefined for everything else. */
export function parseSize(text: string): number | undefined {
  return parseWithUnit(text, BYTES, Number.MAX_SAFE_INTEGER);
}

/** Writes milliseconds in the largest unit that leaves a whole number: what `parseDuration` reads back. */
export function formatDuration(milliseconds: number): string {
  return formatWithUnit(milliseconds, MILLISECONDS, 'ms');
}

/** Writes bytes in the largest unit that leaves a whole number: what `parseSize` reads back. */
export function formatSize(bytes: number): string {
  return formatWithUnit(bytes, BYTES, 'B');
}

function parseWithUnit(text: string, units: Readonly<Record<string, number>>, largest: number): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text);
  const unit = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const value = Number(match[1]) * unit;
  // 0.0005 s and the like: what a fraction leaves below one unit is no rounding matter, but 1.1 h is 3960000.0000000005.
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-6 && whole <= largest ? whole : undefined;
}

function formatWithUnit(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  if (value === 0) return `0${smallest}`;
  const fitting = Object.entries(units).filter(([, size]) => value % size === 0);
  const [name, size] = fitting.at(-1) ?? [smallest, 1];
  return `${value / size}${name}`;
}
