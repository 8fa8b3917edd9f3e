/**
 * The text of a DN (RFC 4514, section 3), and the older form of RFC 1779: `;`, quotes, outer
 * spaces.
 */

/**
 * Tags of the text types of ASN.1 (X.680, section 8.4): OCTET STRING, UTF8String, NumericString,
 * PrintableString, TeletexString, IA5String, VisibleString.
 */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a]);

/** Characters that need an escape in a value; the second list is for values in quotes. */
const RESERVED = '"+,;<>\0';
const RESERVED_IN_QUOTES = '"\0';
/** Characters that `\` alone may escape. */
const ESCAPABLE = '\\"+,;<>#= ';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Splits a DN into RDNs, and each RDN into its attributes as unread text. */
export function splitDn(text: string): string[][] {
  let rdn: string[] = [];
  const rdns = [rdn];
  for (let start = 0; start <= text.length; ) {
    const end = endOfAttribute(text, start);
    rdn.push(text.slice(start, end));
    if (end < text.length && text[end] !== '+') {
      rdn = [];
      rdns.push(rdn);
    }
    start = end + 1;
  }
  return rdns;
}

/**
 * The end of the attribute that begins at `start`: the next `,`, `;` or `+`, or the end of the
 * text.
 */
function endOfAttribute(text: string, start: number): number {
  /** Whether a quote at this position would begin a value. */
  let atValue = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === ',' || character === ';' || character === '+') return at;
    if (character === '\\') at += 1;
    if (character === '"' && atValue) at = endOfQuotes(text, at + 1);
    if (character !== ' ') atValue = character === '=';
  }
  return text.length;
}

/** The position of the quote that closes the value; the end of the text if there is none. */
function endOfQuotes(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}

/** Removes spaces at both ends, but not an escaped one at the end. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  let escapes = end;
  while (escapes > start && text[escapes - 1] === '\\') escapes -= 1;
  return text.slice(start, (end - escapes) % 2 === 1 ? end + 1 : end);
}

/**
 * Decodes a value without outer spaces: text, or bytes if they are not UTF-8. Undefined if the
 * value is malformed.
 */
export function readValue(text: string): string | Buffer | undefined {
  if (text === '') return undefined;
  if (text.startsWith('#')) return readBer(text.slice(1));
  if (!text.startsWith('"')) return unescaped(text, RESERVED);
  const isClosed = text.length > 2 && text.endsWith('"');
  return isClosed ? unescaped(text.slice(1, -1), RESERVED_IN_QUOTES) : undefined;
}

function unescaped(text: string, reserved: string): string | Buffer | undefined {
  const parts: Buffer[] = [];
  let plain = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (reserved.includes(character)) return undefined;
    if (character !== '\\') continue;
    const escaped = readEscape(text, at + 1);
    if (escaped === undefined) return undefined;
    parts.push(Buffer.from(text.slice(plain, at)), Buffer.of(escaped.byte));
    at += escaped.length;
    plain = at + 1;
  }
  if (parts.length === 0) return text;
  parts.push(Buffer.from(text.slice(plain)));
  return textOrBytes(Buffer.concat(parts));
}

function readEscape(text: string, at: number): { readonly byte: number; readonly length: number } | undefined {
  const hex = text.slice(at, at + 2);
  if (/^[0-9A-Fa-f]{2}$/.test(hex)) return { byte: Number.parseInt(hex, 16), length: 2 };
  const character = text.charAt(at);
  return character !== '' && ESCAPABLE.includes(character) ? { byte: character.charCodeAt(0), length: 1 } : undefined;
}

/**
 * Reads a value in BER (RFC 4514, section 2.4). Returns its content if that is text, otherwise the
 * BER itself.
 */
function readBer(hex: string): string | Buffer | undefined {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 2 || bytes.length * 2 !== hex.length) return undefined;
  const content = contentOf(bytes);
  return TEXT_TAGS.has(bytes.readUInt8()) && content !== undefined ? textOrBytes(content) : bytes;
}

/** The content of a single element of definite length (X.690, section 8.1.3). */
function contentOf(bytes: Buffer): Buffer | undefined {
  const first = bytes.readUInt8(1);
  const more = first < 0x80 ? 0 : first - 0x80;
  if (more > 4 || bytes.length < 2 + more || first === 0x80) return undefined;
  const length = more === 0 ? first : bytes.readUIntBE(2, more);
  return bytes.length === 2 + more + length ? bytes.subarray(2 + more) : undefined;
}

function textOrBytes(bytes: Buffer): string | Buffer {
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes;
  }
}
