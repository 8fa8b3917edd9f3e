const MINUTE = 60_000;
const DAY = 1_440;

/**
 * The next instant after `now` at which the clocks of a time zone show a time of day, `HH:MM`. If
 * the clocks are set forward over that time, the instant is the one at which they would have shown
 * it without the change. All times are in milliseconds since 1970.
 */
export function nextTimeOfDay(timeOfDay: string, timeZone: string, now: number): number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const wanted = minutesOf(timeOfDay);
  const shownAt = (instant: number) => minutesOf(format.format(instant));
  const thisMinute = Math.floor(now / MINUTE) * MINUTE;
  const ahead = (wanted - shownAt(thisMinute) + DAY) % DAY || DAY;
  const guess = thisMinute + ahead * MINUTE;
  // The clocks may be set forward or back in between.
  const off = ((wanted - shownAt(guess) + DAY + DAY / 2) % DAY) - DAY / 2;
  const corrected = guess + off * MINUTE;
  return shownAt(corrected) === wanted && corrected > now ? corrected : guess;
}

function minutesOf(timeOfDay: string): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(':').map(Number);
  return hours * 60 + minutes;
}
