const COLOUR_CODES = {
  green: 32,
  red: 31,
  yellow: 33,
  blue: 94,
  magenta: 35,
  cyan: 36,
  grey: 90,
  bold: 1,
} as const;

export type Colour = keyof typeof COLOUR_CODES;

/** The text in a colour of the terminal's palette; unchanged if `on` is false. */
export function paint(text: string, colour: Colour, on: boolean): string {
  return on && text !== '' ? `\u001b[${COLOUR_CODES[colour]}m${text}\u001b[${colour === 'bold' ? 22 : 39}m` : text;
}

/**
 * Whether to write to a stream in colour: only to a terminal, and only if NO_COLOR is not set
 * (no-color.org). FORCE_COLOR asks for colour on any stream.
 */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '0') !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
