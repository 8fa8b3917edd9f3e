/** The parts of a manual page in the man(7) language, as lines. */

const WIDTH = 78;

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** Text whose characters are all shown as they are, so that it can be copied. */
function literal(text: string): string {
  return special(text).replaceAll('-', '\\-');
}

/**
 * Prose. Only the hyphens of options and file names are minus signs, so that those can be copied.
 */
function prose(text: string): string {
  return special(text)
    .split(' ')
    .map((word) => (/^[("]?-|[/=]|^\d{4}-/.test(word) ? word.replaceAll('-', '\\-') : word))
    .join(' ');
}

function special(text: string): string {
  return text.replaceAll(/[\\'`^~]/g, (character) => SPECIAL[character] ?? character);
}

/** A paragraph. No line is longer than a page is wide, and each sentence begins a line. */
export function paragraph(text: string): string[] {
  const lines: string[] = [];
  let open = false;
  for (const word of prose(text).split(/\s+/)) {
    const last = lines.at(-1);
    const fits = open && last !== undefined && `${last} ${word}`.length <= WIDTH;
    if (fits) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word.startsWith('.') ? `\\&${word}` : word);
    open = !/[.!?]$/.test(word);
  }
  return lines;
}

/** A line in bold. Its blanks and quotes are part of the text. */
function bold(text: string): string {
  return `.B ${literal(text).replaceAll('"', '\\(dq')}`;
}

/** A term with its description. */
export function item(term: string, ...paragraphs: readonly string[]): string[] {
  const [first = '', ...others] = paragraphs;
  return ['.TP', bold(term), ...paragraph(first), ...others.flatMap((text) => ['.br', ...paragraph(text)])];
}

export function heading(title: string): string {
  return `.SH ${title}`;
}

export function subheading(title: string): string {
  return `.SS "${literal(title).replaceAll('"', '\\(dq')}"`;
}

/** Lines that are shown as they are, indented. */
export function example(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.startsWith('.') ? `\\&${literal(line)}` : literal(line)));
  return ['.PP', '.RS 4', '.nf', ...lines, '.fi', '.RE'];
}

export interface Title {
  readonly name: string;
  readonly section: string;
  /** As YYYY-MM-DD. */
  readonly date: string;
  readonly version: string;
  readonly manual: string;
}

export function title({ name, section, date, version, manual }: Title): string {
  const words = [literal(name.toUpperCase()), section, date, literal(version), manual];
  return `.TH ${words.map((word) => `"${word}"`).join(' ')}`;
}
