/**
 * The factor by which the endurance tests are longer or larger than in `npm test`: ENDURANCE=10 for
 * ten times.
 */
export const SCALE = Number(process.env['ENDURANCE'] ?? 1);

/** The longest race in milliseconds. */
const LONGEST_RACE = 20_000;

/**
 * The duration of a race between two programs. The argument is its duration in `npm test`, in
 * milliseconds.
 */
export function raceTime(milliseconds: number): number {
  return Math.min(milliseconds * SCALE, LONGEST_RACE);
}

/** The time limit of such a test, with its work besides the race. */
export const RACE_TIMEOUT = LONGEST_RACE + 40_000;
