import { isUtf8 } from 'node:buffer';
import { LdifFault } from './fault.ts';
import type { LogicalLine } from './lines.ts';

/** A line `name: value` or `name:: base64`, with the decoded value. */
export interface ValueLine {
  readonly name: string;
  readonly value: Buffer;
  readonly line: number;
}

/** A line of a record: a value, or the `-` that ends a step of a modify. */
export type RecordLine = ValueLine | { readonly kind: 'end'; readonly line: number };

const NAME = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;
/** The longest name in characters. No schema has a name of nearly that length. */
const LONGEST_NAME = 1_000;
/** The blanks that are skipped before a value, as OpenLDAP's ldapmodify skips them. */
const LEADING_BLANKS = /^[ \t\v\f]+/;

/**
 * Reads one line of a record as OpenLDAP's ldapmodify does, and throws an LdifFault if it cannot.
 * It accepts more than RFC 2849: a value may be UTF-8 without base64, and there may be any blanks
 * before the colon and before the value. Blanks at the end of a value are part of it. A value by
 * URL is refused, because a file of changes must not be able to read other files of the host.
 */
export function readValueLine({ text, line }: LogicalLine): ValueLine {
  const colon = text.indexOf(':');
  if (colon < 0) throw new LdifFault(line, `'name: value' is expected, not ${excerpt(text)}`);
  const name = withoutEndBlanks(text.slice(0, Math.min(colon, LONGEST_NAME)));
  if (colon > LONGEST_NAME || !NAME.test(name))
    throw new LdifFault(line, `${excerpt(name)} is not the name of an attribute`);
  const marker = text[colon + 1];
  if (marker === '<') {
    throw new LdifFault(line, `a value by URL (${name}:<) is not supported: write the value as base64 (${name}:: ...)`);
  }
  if (marker === ':') return { name, value: fromBase64(text.slice(colon + 2), line), line };
  const value = Buffer.from(text.slice(colon + 1).replace(LEADING_BLANKS, ''), 'latin1');
  if (value.includes(0) || value.includes(0x0d)) {
    throw new LdifFault(line, `the value of ${name} contains a NUL or CR: write it as base64 (${name}:: ...)`);
  }
  if (!isUtf8(value)) throw notUtf8(line);
  return { name, value, line };
}

/** Decodes a value as UTF-8. Throws an LdifFault if it is not UTF-8. */
export function asText(value: Buffer, line: number): string {
  if (!isUtf8(value)) throw notUtf8(line);
  return value.toString('utf8');
}

/** Decodes a keyword of the format, such as `modify`, without blanks at its end. */
export function asWord(value: Buffer, line: number): string {
  return withoutEndBlanks(asText(value, line));
}

function notUtf8(line: number): LdifFault {
  return new LdifFault(line, 'the line is not UTF-8: write the value as base64 (name:: ...)');
}

/**
 * No regular expression here matches a whole value: the engine would run out of stack on a value of
 * some megabytes.
 */
function fromBase64(text: string, line: number): Buffer {
  const given = withoutEndBlanks(text.replace(LEADING_BLANKS, ''));
  const digits = given.endsWith('==') ? given.slice(0, -2) : given.endsWith('=') ? given.slice(0, -1) : given;
  const isPadded = given.length % 4 === 0 && digits.length % 4 !== 1;
  if (!isPadded || /[^A-Za-z0-9+/]/.test(digits)) throw new LdifFault(line, `${excerpt(given)} is not base64`);
  return Buffer.from(digits, 'base64');
}

function withoutEndBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\v\f'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The beginning of a text from the file, quoted for a message. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
