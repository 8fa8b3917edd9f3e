/** How much longer, or larger, than in `npm test` the endurance tests are to be: ENDURANCE=10 for ten times. */
export const SCALE = Number(process.env['ENDURANCE'] ?? 1);

/** The longest that a race is to be run, in milliseconds. */
const LONGEST_RACE = 20_000;

/** For how long two programs race in a test that takes so many milliseconds in `npm test`. */
export function raceTime(milliseconds: number): number {
  return Math.min(milliseconds * SCALE, LONGEST_RACE);
}

/** How long such a test may take, with what it does beside the race. */
export const RACE_TIMEOUT = LONGEST_RACE + 40_000;
