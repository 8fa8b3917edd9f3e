import { DirectoryError } from '../../domain/directory-error.ts';
import { boolean, element, octetString } from './ber.ts';

/** The alternatives of Filter and their tags (RFC 4511, section 4.5.1.7). */
const Choice = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equalityMatch: 0xa3,
  substrings: 0xa4,
  greaterOrEqual: 0xa5,
  lessOrEqual: 0xa6,
  present: 0x87,
  approxMatch: 0xa8,
  extensibleMatch: 0xa9,
} as const;

const ATTRIBUTE = /^(?:[A-Za-z][A-Za-z0-9_-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;
const EXTENSIBLE = /^([A-Za-z0-9_.;-]*?)(:dn)?(?::([A-Za-z0-9.-]+))?$/i;
/** The deepest nesting that is accepted. No person writes a deeper filter. */
const DEEPEST = 100;

/**
 * Encodes a search filter from its text (RFC 4515). Escapes (`\2a`) and non-ASCII characters are
 * sent as the bytes that they stand for. A filter library that sends the escape itself finds
 * nothing and reports no error. The outermost parentheses are optional, and spaces are allowed
 * between filters. Throws a DirectoryError that names the position of a fault.
 */
export function encodeFilter(text: string): Buffer {
  const trimmed = text.trim();
  return new Parser(trimmed.startsWith('(') ? trimmed : `(${trimmed})`).whole();
}

/** Escapes the characters of a value that have a meaning in a filter (RFC 4515, section 3). */
export function escapeFilterValue(value: string): string {
  return value.replace(/[\\*()\0]/g, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

class Parser {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Buffer {
    const encoded = this.#filter(0);
    if (this.#offset < this.#text.length) throw this.#fault('nothing is expected here');
    return encoded;
  }

  #filter(depth: number): Buffer {
    if (depth > DEEPEST) throw this.#fault('nested too deeply');
    this.#expect('(');
    const encoded = this.#component(depth);
    this.#expect(')');
    return encoded;
  }

  #component(depth: number): Buffer {
    const sign = this.#text[this.#offset];
    if (sign !== '&' && sign !== '|' && sign !== '!') return this.#item();
    this.#offset += 1;
    this.#blanks();
    const parts: Buffer[] = [];
    while (this.#text[this.#offset] === '(') {
      parts.push(this.#filter(depth + 1));
      this.#blanks();
    }
    if (sign === '!') {
      if (parts.length !== 1) throw this.#fault('! takes one filter');
      return element(Choice.not, ...parts);
    }
    return element(sign === '&' ? Choice.and : Choice.or, ...parts);
  }

  #item(): Buffer {
    const equals = this.#text.indexOf('=', this.#offset);
    const close = this.#text.indexOf(')', this.#offset);
    if (equals < 0 || close < equals) throw this.#fault('expected ATTRIBUTE=VALUE');
    const left = this.#text.slice(this.#offset, equals);
    const value = this.#text.slice(equals + 1, close);
    if (value.includes('(')) throw this.#fault('a parenthesis in a value is written \\28');
    const operator = left.at(-1) ?? '';
    const encoded = operator === ':' ? this.#extensible(left.slice(0, -1), value) : this.#simple(left, operator, value);
    this.#offset = close;
    return encoded;
  }

  #simple(left: string, operator: string, value: string): Buffer {
    const ordering = { '>': Choice.greaterOrEqual, '<': Choice.lessOrEqual, '~': Choice.approxMatch }[operator];
    const attribute = ordering === undefined ? left : left.slice(0, -1);
    if (!ATTRIBUTE.test(attribute)) throw this.#fault(`'${attribute}' is not an attribute's name`);
    if (ordering !== undefined) return element(ordering, octetString(attribute), octetString(this.#value(value)));
    if (value === '*') return octetString(attribute, Choice.present);
    if (!value.includes('*'))
      return element(Choice.equalityMatch, octetString(attribute), octetString(this.#value(value)));
    return element(Choice.substrings, octetString(attribute), this.#substrings(value.split('*')));
  }

  /** Encodes SEQUENCE OF initial [0], any [1], final [2]. */
  #substrings(pieces: readonly string[]): Buffer {
    const last = pieces.length - 1;
    const parts = pieces.flatMap((piece, index) => {
      if (piece === '') return [];
      return [octetString(this.#value(piece), index === 0 ? 0x80 : index === last ? 0x82 : 0x81)];
    });
    if (parts.length === 0) throw this.#fault('two asterisks with nothing between');
    return element(0x30, ...parts);
  }

  #extensible(left: string, value: string): Buffer {
    const [, attribute = '', dn, rule] = EXTENSIBLE.exec(left) ?? [];
    if ((attribute === '' && rule === undefined) || (attribute !== '' && !ATTRIBUTE.test(attribute))) {
      throw this.#fault(`'${left}' names neither an attribute nor a matching rule`);
    }
    const parts: Buffer[] = [];
    if (rule !== undefined) parts.push(octetString(rule, 0x81));
    if (attribute !== '') parts.push(octetString(attribute, 0x82));
    parts.push(octetString(this.#value(value), 0x83));
    if (dn !== undefined) parts.push(boolean(true, 0x84));
    return element(Choice.extensibleMatch, ...parts);
  }

  /** Decodes an assertion value. `\` and two hexadecimal digits stand for one byte. */
  #value(text: string): Buffer {
    if (!text.includes('\\')) return Buffer.from(text, 'utf8');
    const [head = '', ...escaped] = text.split('\\');
    const parts = [Buffer.from(head, 'utf8')];
    for (const piece of escaped) {
      if (!/^[0-9a-f]{2}/i.test(piece)) throw this.#fault('a backslash takes two hexadecimal digits');
      parts.push(Buffer.from(piece.slice(0, 2), 'hex'), Buffer.from(piece.slice(2), 'utf8'));
    }
    return Buffer.concat(parts);
  }

  #blanks(): void {
    while (this.#text[this.#offset] === ' ') this.#offset += 1;
  }

  #expect(character: string): void {
    if (this.#text[this.#offset] !== character) throw this.#fault(`expected '${character}'`);
    this.#offset += 1;
  }

  #fault(what: string): DirectoryError {
    return new DirectoryError(`filter '${this.#text}', character ${this.#offset + 1}: ${what}`, {
      remedy: 'correct directory.filter (RFC 4515)',
    });
  }
}
