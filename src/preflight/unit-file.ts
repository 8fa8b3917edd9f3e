/** The settings of a systemd unit with its drop-ins, as `systemctl cat` shows them. */
export interface UnitFile {
  /** All values of a setting that is a list, split at blanks. */
  words(name: string): readonly string[];
  /** The value of any other setting: the last one that was given. undefined: there is none. */
  value(name: string): string | undefined;
}

const LINE = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/;

/** Reads the section `[Service]`. `instance` replaces `%i`. */
export function readUnitFile(text: string, instance: string): UnitFile {
  const given = new Map<string, string[]>();
  let section = '';
  // A backslash at the end of a line continues the line. Comment lines may come in between.
  const joined = text.replaceAll(/\\\n(?:[ \t]*[#;].*\n)*/g, ' ');
  for (const line of joined.split('\n')) {
    if (/^\s*[#;]/.test(line)) continue;
    section = /^\s*\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, name, value = ''] = LINE.exec(line) ?? [];
    if (name === undefined || section !== 'Service') continue;
    // An empty value removes all values before it.
    const before = value === '' ? [] : (given.get(name) ?? []);
    given.set(name, value === '' ? [] : [...before, value.replaceAll(/%[iI]/g, instance)]);
  }
  return {
    words: (name) => (given.get(name) ?? []).flatMap((value) => value.split(/\s+/)),
    value: (name) => given.get(name)?.at(-1),
  };
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const NAMES: Readonly<Record<string, string>> = {
  sec: 's',
  second: 's',
  seconds: 's',
  msec: 'ms',
  minute: 'min',
  minutes: 'min',
  hr: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
};

/** Milliseconds of a time span (systemd.time(7)); undefined if it cannot be read. */
export function readTimeSpan(text: string): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  let sum = 0;
  for (const [, number, name = ''] of parts) {
    const unit = UNITS[name === '' ? 's' : (NAMES[name] ?? name)];
    if (unit === undefined) return undefined;
    sum += Number(number) * unit;
  }
  return sum;
}
