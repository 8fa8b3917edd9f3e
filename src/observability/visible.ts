// biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text from outside on one line. Control characters, line separators and direction marks are
 * written as `\n`, `\x1b` or `\u202e`. So the text cannot move the cursor, colour the terminal or
 * forge a second line.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => SHORT_ESCAPES[character] ?? escaped(character.codePointAt(0) ?? 0));
}

/** The same for JSON text, which keeps its JSON value. */
export function visibleJson(json: string): string {
  return json.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function escaped(code: number): string {
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
