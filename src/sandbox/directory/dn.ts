/** One relative distinguished name: as it was written, and in the form in which two of them compare (RFC 4514). */
export interface Rdn {
  readonly text: string;
  readonly key: string;
  readonly pairs: ReadonlyArray<{ readonly type: string; readonly value: string }>;
}

/** A distinguished name, from the entry up to the suffix; the empty one is the root DSE's. */
export type Dn = readonly Rdn[];

const TYPE = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)$/;

/** Reads a DN (RFC 4514, section 3); undefined where it is not one. */
export function parseDn(text: string): Dn | undefined {
  if (text.trim() === '') return [];
  const rdns = split(text, ',').map(parseRdn);
  return rdns.every((rdn) => rdn !== undefined) ? rdns : undefined;
}

/** The DN as it was written. */
export function dnText(dn: Dn): string {
  return dn.map(({ text }) => text).join(',');
}

/** The form in which equal DNs are equal text; a DN below another one ends with `,` and the other one's key. */
export function dnKey(dn: Dn): string {
  return dn.map(({ key }) => key).join(',');
}

/** Whether `dn` is `ancestor` or stands below it. */
export function isWithin(dn: Dn, ancestor: Dn): boolean {
  const depth = dn.length - ancestor.length;
  return depth >= 0 && ancestor.every((rdn, index) => rdn.key === dn[depth + index]?.key);
}

function parseRdn(text: string): Rdn | undefined {
  const pairs = split(text, '+').map(parsePair);
  if (!pairs.every((pair) => pair !== undefined)) return undefined;
  const key = pairs
    .map(({ type, value }) => `${type.toLowerCase()}=${foldValue(value)}`)
    .sort()
    .join('+');
  return { text: trimUnescaped(text), key, pairs };
}

function parsePair(text: string): { type: string; value: string } | undefined {
  const equals = text.indexOf('=');
  const type = text.slice(0, equals).trim();
  if (equals < 1 || !TYPE.test(type)) return undefined;
  const value = unescaped(trimUnescaped(text.slice(equals + 1)));
  return value === undefined || value === '' ? undefined : { type, value };
}

/** Case and repeated blanks do not matter; what separates names in a key is escaped. */
function foldValue(value: string): string {
  return value
    .trim()
    .replace(/\s+/g, ' ')
    .toLowerCase()
    .replace(/[\\,+]/g, (sign) => `\\${sign.charCodeAt(0).toString(16)}`);
}

function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Without the spaces around it, save one at the end that is escaped. */
function trimUnescaped(text: string): string {
  const begun = text.replace(/^ +/, '');
  const trimmed = begun.replace(/ +$/, '');
  const escapes = /\\*$/.exec(trimmed)?.[0].length ?? 0;
  return escapes % 2 === 1 ? begun.slice(0, trimmed.length + 1) : trimmed;
}

/** Undefined where a sign stands unescaped that must not, or an escape is not one. */
function unescaped(text: string): string | undefined {
  if (text.startsWith('#')) return undefined;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; ) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (char === '\\') {
      const hex = /^[0-9A-Fa-f]{2}/.exec(text.slice(at + 1))?.[0];
      const sign = text[at + 1];
      if (hex !== undefined) {
        bytes.push(Number.parseInt(hex, 16));
        at += 3;
      } else if (sign !== undefined && /[\\"+,;<>#= ]/.test(sign)) {
        bytes.push(sign.charCodeAt(0));
        at += 2;
      } else return undefined;
    } else if (/[";<>\0]/.test(char)) {
      return undefined;
    } else {
      bytes.push(...Buffer.from(char, 'utf8'));
      at += char.length;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
