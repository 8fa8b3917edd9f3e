/** How much longer, or larger, than in `npm test` the endurance tests are to be: ENDURANCE=10 for ten times. */
export const SCALE = Number(process.env['ENDURANCE'] ?? 1);
