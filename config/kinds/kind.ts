import * as z from 'zod';
import { formatDuration, LONGEST_DURATION, parseDuration, parseSize } from './units.ts';

/**
 * Creates a kind of setting: how its value is read, and the texts that describe it. Every kind
 * reports a wrong value with one message. `expected` completes the sentence `KEY: given X, expected
 * ...`. A hint about the mistake may follow after a semicolon. The message never contains the given
 * value, because that may be a secret. `brief` is for the example: a range, a choice or a noun.
 */
export function kind<T>(brief: string, expected: string, read: (given: unknown) => T | Mismatch) {
  return z
    .unknown()
    .transform((given, context): T => {
      const value = read(given);
      if (!(value instanceof Mismatch)) return value;
      context.addIssue({
        code: 'custom',
        message: value.hint === undefined ? expected : `${expected}; ${value.hint}`,
      });
      return z.NEVER;
    })
    .meta({ expected, brief });
}

/**
 * Returned for a value that a kind does not accept. The hint names the mistake if it is a common
 * one.
 */
export class Mismatch {
  readonly hint: string | undefined;

  constructor(hint?: string) {
    this.hint = hint;
  }
}

/** The texts of a kind. */
export function textsOf(schema: z.ZodType): { readonly expected: string; readonly brief: string } {
  const { expected, brief } = schema.meta() ?? {};
  return { expected: typeof expected === 'string' ? expected : '', brief: typeof brief === 'string' ? brief : '' };
}

export const yesOrNo = kind('true | false', 'true or false', (given) =>
  typeof given === 'boolean'
    ? given
    : new Mismatch(isYesOrNo(given) ? 'yes and no are not booleans in YAML 1.2' : undefined),
);

export function oneOf<const T extends string>(...words: readonly T[]) {
  const list = words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : `${words[0]}`;
  return kind<T>(words.join(' | '), list, (given) => words.find((word) => word === given) ?? new Mismatch());
}

export function wholeNumber(from: number, to: number) {
  return kind<number>(`${from} to ${to}`, `a whole number from ${from} to ${to}`, (given) =>
    typeof given === 'number' && Number.isInteger(given) && given >= from && given <= to ? given : new Mismatch(),
  );
}

export function fraction(above: number, to: number) {
  return kind<number>(`above ${above}, up to ${to}`, `a number above ${above} and up to ${to}`, (given) =>
    typeof given === 'number' && given > above && given <= to ? given : new Mismatch(),
  );
}

/** A duration, read as milliseconds. */
export function duration(from: string, to: string = formatDuration(LONGEST_DURATION)) {
  const [least, most] = [parseDuration(from) ?? 0, parseDuration(to) ?? LONGEST_DURATION];
  return kind<number>(
    `${from} to ${to}`,
    `a duration from ${from} to ${to}, such as 30s (ms, s, m, h or d)`,
    (given) => {
      if (typeof given === 'number') return new Mismatch(`the unit is missing: ${given}s?`);
      const milliseconds = typeof given === 'string' ? parseDuration(given.trim()) : undefined;
      return milliseconds !== undefined && milliseconds >= least && milliseconds <= most
        ? milliseconds
        : new Mismatch();
    },
  );
}

/** A size, read as bytes. */
export function size(from: string, to: string) {
  const [least, most] = [parseSize(from) ?? 0, parseSize(to) ?? Number.MAX_SAFE_INTEGER];
  const expected = `a size from ${from} to ${to}, such as 512MiB (KiB, MiB, GiB or TiB)`;
  return kind<number>(`${from} to ${to}`, expected, (given) => {
    if (typeof given === 'number') return new Mismatch(`the unit is missing: ${given}MiB?`);
    const bytes = typeof given === 'string' ? parseSize(given.trim()) : undefined;
    return bytes !== undefined && bytes >= least && bytes <= most ? bytes : new Mismatch();
  });
}

/** Any text of one line. */
export function text(brief: string, expected: string) {
  return kind<string>(brief, expected, (given) => {
    if (typeof given === 'number') return new Mismatch('write it in quotes');
    return isLine(given) ? given : new Mismatch();
  });
}

export const absolutePath = kind<string>(
  'absolute path',
  'an absolute path, such as /etc/prov-backup-rsnapshot/file',
  (given) => {
    if (!isLine(given)) return new Mismatch();
    return given.startsWith('/') ? given : new Mismatch('it does not begin with /');
  },
);

/** The prefix of a value that names a credential of the service manager. */
const CREDENTIAL = 'credential:';

/** The name of the credential that a setting names; undefined if it is a path. */
export function credentialName(file: string): string | undefined {
  return file.startsWith(CREDENTIAL) ? file.slice(CREDENTIAL.length) : undefined;
}

/**
 * A file that contains a secret, or belongs to one: a path, or `credential:NAME` (systemd.exec(5)).
 */
export const inputFile = kind<string>(
  'absolute path | credential:NAME',
  'an absolute path, such as /etc/prov-backup-rsnapshot/file, or credential:NAME for a credential of systemd',
  (given) => {
    if (!isLine(given)) return new Mismatch();
    const name = credentialName(given);
    if (name === undefined) return given.startsWith('/') ? given : new Mismatch('it does not begin with /');
    if (name === '' || name.includes('/') || name === '.' || name === '..')
      return new Mismatch('the name of a credential cannot be empty, . or .., and cannot contain /');
    return given;
  },
);

/** The path of an account's own folder below the folder of the homes. */
export const homeLayout = kind<string>(
  'layout',
  'names with / between them, the last one {uid}, such as */*/{uid}',
  (given) => {
    if (!isLine(given)) return new Mismatch();
    const names = given.split('/');
    if (names.at(-1) !== '{uid}') return new Mismatch('it does not end with {uid}');
    if (names.some((name) => name.startsWith('.'))) return new Mismatch('a name begins with a dot');
    return names.slice(0, -1).every((name) => name === '*' || /^[^*{}]+$/.test(name)) ? given : new Mismatch();
  },
);

/** A program and its arguments, which are run without a shell. */
export const argumentList = kind<readonly string[]>(
  'program and arguments',
  'a list of a program and its arguments, such as [/usr/local/sbin/program, --option]',
  (given) => {
    if (typeof given === 'string') return new Mismatch('no shell is used to split a line: write it as a list');
    if (!Array.isArray(given)) return new Mismatch();
    if (given.length === 0) return new Mismatch('the list is empty');
    if (given.some((item) => typeof item === 'number' || typeof item === 'boolean')) {
      return new Mismatch('write numbers, true and false in quotes');
    }
    if (!given.every((item): item is string => typeof item === 'string' && !item.includes('\0'))) return new Mismatch();
    return given[0] === '' ? new Mismatch('the program is empty') : given;
  },
);

/** Permission bits, given as text: YAML reads 0640 as the number 640. */
export const fileMode = kind<number>('permissions', 'permissions in quotes, such as "0640"', (given) => {
  if (typeof given === 'number') return new Mismatch('YAML reads it as a decimal number without the quotes');
  return typeof given === 'string' && /^0?[0-7]{3}$/.test(given) ? Number.parseInt(given, 8) : new Mismatch();
});

export const timeZone = kind<string>('time zone', 'a time zone such as Europe/Zurich or UTC', (given) => {
  if (typeof given !== 'string') return new Mismatch();
  try {
    return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone === ''
      ? new Mismatch()
      : given;
  } catch {
    return new Mismatch();
  }
});

/** The same kind, which also accepts null for "not used". */
export function orNull<T>(inner: z.ZodType<T>) {
  const { expected: words, brief } = textsOf(inner);
  return z
    .unknown()
    .transform((given, context): T | null => {
      if (given === null) return null;
      const read = inner.safeParse(given);
      if (read.success) return read.data;
      const hint = read.error.issues[0]?.message.slice(words.length) ?? '';
      context.addIssue({ code: 'custom', message: `${words}, or null${hint}` });
      return z.NEVER;
    })
    .meta({ expected: `${words}, or null`, brief: `${brief} | null` });
}

export function isLine(given: unknown): given is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
  return typeof given === 'string' && given !== '' && !/[\u0000-\u001f\u007f]/.test(given);
}

function isYesOrNo(given: unknown): boolean {
  return typeof given === 'string' && /^(yes|no|on|off)$/i.test(given);
}
