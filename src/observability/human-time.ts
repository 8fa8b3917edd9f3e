/** A duration for people, from milliseconds: `0.8 ms`, `12 ms`, `3.4 s`, `5 min`, `2 h`, `3 d`. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${trimmed(milliseconds)} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${trimmed(milliseconds / 1_000)} s`;
  if (milliseconds < 7_200_000) return `${trimmed(milliseconds / 60_000)} min`;
  if (milliseconds < 172_800_000) return `${trimmed(milliseconds / 3_600_000)} h`;
  return `${trimmed(milliseconds / 86_400_000)} d`;
}

/** The time of day on this host, `HH:MM:SS.mmm`. */
export function clockTime(time: string): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** `2026-11-27 22:43:00`, on this host or in UTC. */
export function dateTime(time: string, utc: boolean): string {
  const date = new Date(time);
  const shown = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shown.toISOString().slice(0, 19).replace('T', ' ');
}

/** The name of the time zone of `dateTime`, such as `Europe/Zurich` or `UTC`. */
export function zoneName(utc: boolean): string {
  return utc ? 'UTC' : new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A state or a day of the directory in ISO 8601 form; any other text unchanged. */
export function readableStamp(stamp: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(stamp);
  if (match === null) return stamp;
  const [, year, month, day, hours, minutes, seconds] = match;
  const date = `${year}-${month}-${day}`;
  return hours === undefined ? date : `${date} ${hours}:${minutes}:${seconds}Z`;
}

function trimmed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
