import { LdifFault } from './fault.ts';
import type { LogicalLine } from './lines.ts';

/** `name: value`, `name:: base64`. */
export interface ValueLine {
  readonly name: string;
  readonly value: Buffer;
  readonly line: number;
}

/** A line of a record: a value, or the `-` that ends a step of a modify. */
export type RecordLine = ValueLine | { readonly kind: 'end'; readonly line: number };

const NAME = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one line of a record. Beyond RFC 2849 a value may hold UTF-8 as it is, as other programs write and take it. Values
 * by URL are refused: a file of changes must not be able to pull in other files of the host.
 */
export function readValueLine({ text, line }: LogicalLine): ValueLine {
  const colon = text.indexOf(':');
  if (colon < 0) throw new LdifFault(line, `'name: value' is expected, not ${excerpt(text)}`);
  const name = text.slice(0, colon);
  if (!NAME.test(name)) throw new LdifFault(line, `${excerpt(name)} is not the name of an attribute`);
  const marker = text[colon + 1];
  if (marker === '<') {
    throw new LdifFault(
      line,
      `a value by URL (${name}:<) is not taken: put it into the file as base64 (${name}:: ...)`,
    );
  }
  if (marker === ':') return { name, value: fromBase64(text.slice(colon + 2), line), line };
  const value = Buffer.from(text.slice(colon + 1).replace(/^ +/, ''), 'latin1');
  if (value.includes(0) || value.includes(0x0d)) {
    throw new LdifFault(line, `the value of ${name} holds a NUL or CR: write it as base64 (${name}:: ...)`);
  }
  asText(value, line);
  return { name, value, line };
}

/** Bytes as UTF-8 text; a fault where they are none. */
export function asText(value: Buffer, line: number): string {
  try {
    return utf8.decode(value);
  } catch {
    throw new LdifFault(line, 'the line is not UTF-8: write the value as base64 (name:: ...)');
  }
}

function fromBase64(text: string, line: number): Buffer {
  const digits = text.replace(/^ +/, '').replace(/ +$/, '');
  if (!BASE64.test(digits)) throw new LdifFault(line, `${excerpt(digits)} is not base64`);
  return Buffer.from(digits, 'base64');
}

/** A piece of the file as it may stand in a message. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
