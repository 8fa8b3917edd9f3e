/**
 * Control characters, format characters (such as marks that change the direction of text, and
 * characters without width), the separators of lines and paragraphs, and lone surrogates.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Writes text from outside on one line. Invisible characters become `\n`, `\x1b` or `\u202e`, so
 * the text cannot move the cursor, colour the terminal or forge a second line.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => SHORT_ESCAPES[character] ?? escaped(character.codePointAt(0) ?? 0));
}

/** The same for JSON text, which keeps its JSON value, and the line ends between its parts. */
export function visibleJson(json: string): string {
  return json.replace(INVISIBLE, (character) =>
    character === '\n' ? character : character.split('').map(jsonEscape).join(''),
  );
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

function jsonEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
