/** Durations as people write them, a number with its unit. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest duration, 3650d: anything beyond is a slip of the pen. */
export const LONGEST_DURATION = 3_650 * 86_400_000;

/**
 * Reads `100ms`, `30s`, `10m`, `1h` or `1d` as milliseconds; a fraction (`1.5h`) is allowed where whole milliseconds come
 * out. Undefined for everything else, a number without its unit included.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([a-z]+)$/.exec(text);
  const unit = match?.[2] !== undefined && Object.hasOwn(MILLISECONDS, match[2]) ? MILLISECONDS[match[2]] : undefined;
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const value = Number(match[1]) * unit;
  const whole = Math.round(value);
  // 1.1 h is 3960000.0000000005: binary fractions, not half milliseconds.
  return Math.abs(value - whole) < 1e-6 && whole <= LONGEST_DURATION ? whole : undefined;
}

/** Writes milliseconds in the largest unit that leaves a whole number: what `parseDuration` reads back. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const fitting = Object.entries(MILLISECONDS).filter(([, size]) => milliseconds % size === 0);
  const [name, size] = fitting.at(-1) ?? ['ms', 1];
  return `${milliseconds / size}${name}`;
}
