/** Durations and sizes for people: a number with its unit. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest duration, 3650d. A longer one is considered a mistake. */
export const LONGEST_DURATION = 3_650 * 86_400_000;

/**
 * Reads `100ms`, `30s`, `10m`, `1h` or `1d` as milliseconds. A fraction (`1.5h`) is allowed if the
 * result is whole. Returns undefined for any other text, including a number without a unit.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([a-z]+)$/.exec(text);
  const unit = match?.[2] !== undefined && Object.hasOwn(MILLISECONDS, match[2]) ? MILLISECONDS[match[2]] : undefined;
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const value = Number(match[1]) * unit;
  const whole = Math.round(value);
  // 1.1 h is 3960000.0000000005 in binary floating point, so allow for rounding errors.
  return Math.abs(value - whole) < 1e-6 && whole <= LONGEST_DURATION ? whole : undefined;
}

/**
 * Writes milliseconds in the largest unit that gives a whole number. `parseDuration` reads it back.
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const fitting = Object.entries(MILLISECONDS).filter(([, size]) => milliseconds % size === 0);
  const [name, size] = fitting.at(-1) ?? ['ms', 1];
  return `${milliseconds / size}${name}`;
}

const BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Reads `64KiB`, `100MiB`, `1GiB` or `1.5TiB` as bytes. Undefined for any other text. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([KMGT]iB)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : BYTES[match[2]];
  return match?.[1] === undefined || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}
