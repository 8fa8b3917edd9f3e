/**
 * Distinguished names. This is the only place that reads, compares and splits DNs. Nothing else
 * compares their text, as one DN has many spellings: `\,` or `\2C`, UTF-8 or its bytes in hex, `ou`
 * or 2.5.4.11.
 *
 * Two DNs are equal if their RDNs are, in order (RFC 4517, section 4.2.15); the attributes of an
 * RDN have no order. Types are compared by `attributeType`. Values are compared as by
 * caseIgnoreMatch (RFC 4518): after NFKC normalisation, without case, with single blanks inside and
 * none at the ends. This is assumed of every type, as only the server knows the matching rules of
 * its schema: two entries whose names differ in case alone are taken for one, even if the schema
 * distinguishes them. Nothing else is folded, neither `ß` to `ss` nor the invisible characters that
 * RFC 4518 drops.
 *
 * A malformed RDN equals only the same text. No function here throws, whatever a DN holds.
 */
import { attributeType, OTHER_NAMES } from './attribute-type.ts';
import { readValue, splitDn, trimBlanks } from './dn-text.ts';

export interface NamingValue {
  /** The type's name, as `attributeType` returns it. */
  readonly type: string;
  /** The unescaped value; bytes if it is not UTF-8. */
  readonly value: string | Buffer;
}

/**
 * One relative distinguished name. `text` is its original spelling; RDNs are equal if their `key`
 * is.
 */
interface Rdn {
  readonly text: string;
  readonly key: string;
  readonly values: readonly NamingValue[];
}

/** A distinguished name from the entry up to the suffix. The empty one is that of the root DSE. */
export type Dn = readonly Rdn[];

/** Reads a DN; undefined if it is malformed. */
export function parseDn(text: string): Dn | undefined {
  if (isBlank(text)) return [];
  const rdns = splitDn(text).map((parts) => readRdn(parts));
  return rdns.every((rdn) => rdn !== undefined) ? rdns : undefined;
}

/** Returns the DN in its original spelling, with `,` between RDNs. */
export function dnText(dn: Dn): string {
  return dn.map(({ text }) => text).join(',');
}

/** The same text as `comparableDn`. */
export function dnKey(dn: Dn): string {
  return dn.map(({ key }) => key).join(',');
}

/** Whether `dn` is `ancestor` or is below it. */
export function isWithin(dn: Dn, ancestor: Dn): boolean {
  return isKeyWithin(dnKey(dn), dnKey(ancestor));
}

/**
 * The key by which DNs are compared: equal DNs have equal keys, and the key of a DN below another
 * one ends with `,` and the other's key. Returns a key for any text. A usual DN without escapes
 * takes a fifth of a microsecond, and is returned unchanged if it is a key already; others take
 * longer.
 */
export function comparableDn(dn: string): string {
  if (dn !== latest.dn) latest = { dn, key: plainKey(dn) ?? (isBlank(dn) ? '' : splitDn(dn).map(keyOfRdn).join(',')) };
  return latest.key;
}

/** The latest DN with its key: several parts of the service ask for the same one in turn. */
let latest = { dn: '', key: '' };

/** Whether two DNs are the same, in any spelling. */
export function isSameDn(one: string, other: string): boolean {
  return one === other || comparableDn(one) === comparableDn(other);
}

/** Whether a DN is the base or is below it, in any spelling. Every DN is below the empty one. */
export function isAtOrBelow(dn: string, base: string): boolean {
  return isKeyWithin(comparableDn(dn), comparableDn(base));
}

/** The DN of the parent, in its original spelling; undefined for the empty DN. */
export function parentOf(dn: string): string | undefined {
  if (isBlank(dn)) return undefined;
  return splitDn(dn)
    .slice(1)
    .map((parts) => textOf(parts))
    .join(',');
}

/** The unescaped values of an attribute type in the first RDN; empty if the RDN is malformed. */
export function rdnValues(dn: string, type: string): string[] {
  const [first] = splitDn(dn);
  const wanted = attributeType(type);
  const values = first === undefined ? [] : (readRdn(first)?.values ?? []);
  return values.filter((found) => found.type === wanted).map(({ value }) => value.toString());
}

/** The text by which the values of a naming attribute are compared. */
export function comparableValue(value: string): string {
  return value.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').replace(/\s+/g, ' ').trim();
}

/** Escapes a value for a DN (RFC 4514, section 2.4). */
export function escapeDnValue(value: string): string {
  return value.replace(/^[ #]|[\\"+,;<>=]| $/g, (character) => `\\${character}`).replaceAll('\0', '\\00');
}

function isKeyWithin(key: string, ancestor: string): boolean {
  return ancestor === '' || key === ancestor || key.endsWith(`,${ancestor}`);
}

function readRdn(parts: readonly string[]): Rdn | undefined {
  const values = parts.map(readNamingValue);
  if (!values.every((value) => value !== undefined)) return undefined;
  const key = values.map(keyOfValue).sort().join('+');
  return { text: textOf(parts), key, values };
}

/** The key of a malformed RDN begins with `!`, as no attribute type does. */
function keyOfRdn(parts: readonly string[]): string {
  const text = textOf(parts);
  return plainKey(text) ?? readRdn(parts)?.key ?? `!${escapeKey(text)}`;
}

function textOf(parts: readonly string[]): string {
  return trimBlanks(parts.join('+'));
}

function readNamingValue(text: string): NamingValue | undefined {
  const equals = text.indexOf('=');
  const type = equals < 1 ? undefined : attributeType(text.slice(0, equals).trim());
  const value = readValue(trimBlanks(text.slice(equals + 1)));
  return type === undefined || value === undefined ? undefined : { type, value };
}

/** Escapes the characters that separate values, and a leading `#`, which marks bytes. */
function keyOfValue({ type, value }: NamingValue): string {
  if (typeof value !== 'string') return `${type}=#${value.toString('hex')}`;
  return `${type}=${escapeKey(comparableValue(value)).replace(/^#/, '\\23')}`;
}

function escapeKey(text: string): string {
  return text.replace(/[\\,+]/g, (character) => `\\${character.charCodeAt(0).toString(16)}`);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** A value of printable ASCII that needs and has no escape, with single spaces inside only. */
const PLAIN_CHARACTERS = String.raw`[!#-*\-./0-:=?-\[\]-~]+`;
const PLAIN_RDN = `[a-z]+=(?!#)${PLAIN_CHARACTERS}(?: ${PLAIN_CHARACTERS})*`;
const PLAIN = new RegExp(`^${PLAIN_RDN}(?:,${PLAIN_RDN})*$`);
const OTHERWISE_NAMED = new RegExp(`(?:^|,)(?:${OTHER_NAMES.join('|')})=`);
/** Longer DNs are unusual. They take the path that needs no stack for a regular expression. */
const LONGEST_PLAIN = 2_000;

/** The key of a DN that needs no change except its case, as most do; undefined for any other. */
function plainKey(dn: string): string | undefined {
  if (dn.length > LONGEST_PLAIN) return undefined;
  const text = dn.toLowerCase();
  return PLAIN.test(text) && !OTHERWISE_NAMED.test(text) ? text : undefined;
}
