import fc from 'fast-check';
import { anyText } from './any-text.ts';

/** One attribute of an RDN: an index of `TYPES`, and the value. */
type Ava = readonly [type: number, value: string];

/** The spellings of some attribute types. */
const TYPES = [
  ['uid', 'userid', '0.9.2342.19200300.100.1.1', 'oid.0.9.2342.19200300.100.1.1'],
  ['cn', 'commonName', '2.5.4.3', 'OID.2.5.4.3'],
  ['ou', 'organizationalUnitName', '2.5.4.11'],
  ['dc', 'domainComponent', '0.9.2342.19200300.100.1.25'],
  ['sstOfTheSite'],
] as const;

/** Any DN of one or more RDNs, in parsed form. */
export const anyDn: fc.Arbitrary<ReadonlyArray<readonly Ava[]>> = fc.array(
  fc.array(
    fc.tuple(
      fc.nat({ max: TYPES.length - 1 }),
      fc.oneof(
        anyText({ minLength: 1 }),
        fc.string({ unit: fc.constantFrom(...'ab ,+=#"\\;<>ü'), minLength: 1 }),
        fc.string({ minLength: 120, maxLength: 300 }),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 4 },
);

/** Any spelling of a DN that RFC 4514 allows, and the older ones of RFC 2253. */
export function spellingsOf(dn: ReadonlyArray<readonly Ava[]>): fc.Arbitrary<string> {
  const rdns = dn.map((avas) =>
    fc
      .shuffledSubarray([...avas], { minLength: avas.length })
      .chain((ordered) => joined(ordered.map(spellingsOfAva), '+')),
  );
  return joined(rdns, ',', ';');
}

function joined(parts: ReadonlyArray<fc.Arbitrary<string>>, ...separators: readonly string[]): fc.Arbitrary<string> {
  const blanks = fc.constantFrom('', '', ' ', '  ');
  const between = fc.tuple(blanks, fc.constantFrom(...separators), blanks).map((signs) => signs.join(''));
  return fc
    .tuple(fc.tuple(...parts), fc.array(between, { minLength: parts.length, maxLength: parts.length }))
    .map(([texts, signs]) => texts.map((text, index) => (index === 0 ? text : `${signs[index]}${text}`)).join(''));
}

function spellingsOfAva([type, value]: Ava): fc.Arbitrary<string> {
  const name = fc.constantFrom(...(TYPES[type] ?? [])).chain(anyCase);
  const equals = fc.constantFrom('=', '=', ' = ', '= ');
  const written = fc.oneof(escaped(value), quoted(value), fc.constantFrom(inBer(value, 0x0c), inBer(value, 0x04)));
  return fc.tuple(name, equals, written).map((parts) => parts.join(''));
}

function escaped(value: string): fc.Arbitrary<string> {
  const signs = [...value];
  const each = signs.map((sign, index) => {
    const isFirst = index === 0;
    const isLast = index === signs.length - 1;
    const ways = [anyCase(inHex(sign))];
    if ('\\"+,;<>#= '.includes(sign)) ways.push(fc.constant(`\\${sign}`));
    const wantsEscape = /[\\"+,;<>\0]/.test(sign) || (isFirst && '# '.includes(sign)) || (isLast && sign === ' ');
    if (!wantsEscape) ways.push(fc.constant(sign), fc.constant(sign));
    return fc.oneof(...ways);
  });
  return fc.tuple(...each).map((parts) => parts.join(''));
}

function quoted(value: string): fc.Arbitrary<string> {
  const each = [...value].map((sign) => {
    if (sign === '\0') return fc.constant('\\00');
    return '\\"'.includes(sign) ? fc.constantFrom(`\\${sign}`, inHex(sign)) : fc.constantFrom(sign, inHex(sign));
  });
  return fc.tuple(...each).map((parts) => `"${parts.join('')}"`);
}

function inHex(sign: string): string {
  return Buffer.from(sign, 'utf8').toString('hex').replace(/../g, '\\$&');
}

function inBer(value: string, tag: number): string {
  const bytes = Buffer.from(value, 'utf8');
  const length = bytes.length < 0x80 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return `#${Buffer.concat([Buffer.from([tag, ...length]), bytes]).toString('hex')}`;
}

function anyCase(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(text, text.toUpperCase(), text.toLowerCase());
}
