/** A duration for people, from milliseconds: `0.8 ms`, `12 ms`, `3.4 s`, `5 min`, `2 h`, `3 d`. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${trimmed(milliseconds)} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${trimmed(milliseconds / 1_000)} s`;
  if (milliseconds < 7_200_000) return `${trimmed(milliseconds / 60_000)} min`;
  if (milliseconds < 172_800_000) return `${trimmed(milliseconds / 3_600_000)} h`;
  return `${trimmed(milliseconds / 86_400_000)} d`;
}

/** The time of day in the zone of this process, `HH:MM:SS.mmm`. */
export function clockTime(time: string): string {
  const date = new Date(time);
  return `${secondsOf(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** The day in the zone of this process, `YYYY-MM-DD`. */
export function localDay(time: string): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A time in the zone of this process: `HH:MM:SS`, preceded by the day unless that is today. */
export function localTime(time: string, now: string): string {
  const seconds = secondsOf(new Date(time));
  return localDay(time) === localDay(now) ? seconds : `${localDay(time)} ${seconds}`;
}

/**
 * A time with its day, `YYYY-MM-DD HH:MM:SS`, in the zone of this process. The caller names the
 * zone elsewhere on the screen.
 */
export function dateTime(time: string): string {
  return `${localDay(time)} ${secondsOf(new Date(time))}`;
}

/** A time with its day and its zone, for text that may be read later or elsewhere. */
export function fullTime(time: string): string {
  return `${dateTime(time)} ${zoneName(time)}`;
}

/** The name of the zone of this process at a time, such as `CET`. */
export function zoneName(time: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(new Date(time));
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/**
 * A state or a date of an account in ISO 8601 form. A state is shown in the zone of this process.
 * Any other text is returned unchanged.
 */
export function readableStamp(stamp: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(stamp);
  if (match === null) return stamp;
  const [, year, month, day, hours, minutes, seconds] = match;
  const date = `${year}-${month}-${day}`;
  if (hours === undefined) return date;
  const time = `${date}T${hours}:${minutes}:${seconds}Z`;
  return Number.isNaN(Date.parse(time)) ? stamp : fullTime(time);
}

function secondsOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}

function trimmed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
