/**
 * The time formats of the directory (finished states, days, generalizedTime) and of events. All
 * functions are pure; the current time is an argument.
 */

/**
 * A time of an event or a status, from milliseconds since 1970: UTC with milliseconds (RFC 3339).
 */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** A finished state: UTC with seconds, `YYYYMMDDThhmmssZ`. */
export function stateTimestamp(at: Date): string {
  return at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
}

/** Whether a state is a well-formed finishing time. */
export function isStateTimestamp(value: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/i.exec(value);
  if (!match) return false;
  const [, year, month, day, hour, minute, second] = match;
  return (
    // A leap second (60) is well formed.
    isCalendarDay(`${year}${month}${day}`) && Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 60
  );
}

/** Reads a finished state as milliseconds since 1970; undefined if it is malformed, or 0. */
export function readStateTimestamp(value: string): number | undefined {
  return isStateTimestamp(value) ? readGeneralizedTime(value.replace(/t/i, '')) : undefined;
}

/** generalizedTime (RFC 4517, section 3.3.13), with seconds. */
export function generalizedTime(at: Date): string {
  return stateTimestamp(at).replace('T', '');
}

/** Whether a value is a day of the calendar, `YYYYMMDD`. */
export function isCalendarDay(value: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)$/.exec(value);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * Returns a function that gives the day, `YYYYMMDD`, of an instant in a time zone of the IANA
 * database.
 */
export function dayIn(timeZone: string): (at: Date) => string {
  const format = new Intl.DateTimeFormat('en-CA-u-ca-iso8601-nu-latn', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (at) => {
    const part = (type: string) => format.formatToParts(at).find((found) => found.type === type)?.value ?? '';
    return `${part('year').padStart(4, '0')}${part('month')}${part('day')}`;
  };
}

/**
 * Reads generalizedTime (RFC 4517, section 3.3.13) as milliseconds since 1970; undefined if it is
 * malformed.
 */
export function readGeneralizedTime(value: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)$/i.exec(value);
  if (!match) return undefined;
  const [, year, month, day, hour, minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3) || '00'}`;
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${offset}`);
  return Number.isNaN(at) ? undefined : at;
}
