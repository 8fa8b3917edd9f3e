/** One setting of an INI file. */
export interface IniSetting {
  /** From 1. */
  readonly line: number;
  readonly section: string;
  readonly key: string;
  /** May be empty. */
  readonly value: string;
}

/**
 * A line that does not have the expected form. Its text is not shown, because it may contain a
 * password.
 */
export interface IniFault {
  readonly line: number;
  readonly problem: string;
}

/**
 * Reads an INI file as the Perl daemon did: `[Section]`, with blanks allowed in its name, `KEY =
 * value`, and comments on lines of their own.
 */
export function parseIni(text: string): {
  readonly settings: readonly IniSetting[];
  readonly faults: readonly IniFault[];
} {
  const settings: IniSetting[] = [];
  const faults: IniFault[] = [];
  let section: string | undefined;
  for (const [index, written] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = written.trim();
    if (content === '' || content.startsWith('#')) continue;
    const heading = /^\[([^\]]*)\]$/.exec(content)?.[1]?.trim();
    const equals = content.indexOf('=');
    if (heading !== undefined && heading !== '') section = heading;
    else if (content.startsWith('[')) faults.push({ line, problem: 'a section that is not of the form [Section]' });
    else if (equals < 1) faults.push({ line, problem: 'a line that is neither [Section] nor KEY = value' });
    else if (section === undefined) faults.push({ line, problem: 'a setting before the first section' });
    else
      settings.push({ line, section, key: content.slice(0, equals).trim(), value: content.slice(equals + 1).trim() });
  }
  return { settings, faults };
}
