import { isUtf8 } from 'node:buffer';
import { ResultCode } from '../../domain/directory-error.ts';
import { comparedText } from '../../domain/entry-value.ts';
import { Refusal } from './refusal.ts';

/**
 * The schema of the embedded directory. Any attribute may be written. The attributes that the
 * service uses have the syntax, the matching rule and the single value of a real schema.
 */
type Matching = 'text' | 'exact' | 'octets' | 'integer' | 'boolean';

const MATCHING: ReadonlyMap<string, Matching> = new Map([
  ...['homedirectory', 'loginshell', 'memberuid'].map((name) => [name, 'exact'] as const),
  ...['userpassword', 'jpegphoto', 'usercertificate'].map((name) => [name, 'octets'] as const),
  ...[
    'uidnumber',
    'gidnumber',
    'sstquota',
    'sstprovisioningdate',
    'sstprovisioningexecutiondate',
    'sstprovisioningreturnvalue',
  ].map((name) => [name, 'integer'] as const),
  ['sstisactive', 'boolean'],
]);

const SINGLE_VALUED: ReadonlySet<string> = new Set([
  'uidnumber',
  'gidnumber',
  'homedirectory',
  'loginshell',
  'sstisactive',
  'sstquota',
  'sstprovisioningmode',
  'sstprovisioningstate',
  'sstprovisioningdate',
  'sstprovisioningexecutiondate',
  'sstprovisioningreturnvalue',
]);

const PROVISIONING: ReadonlySet<string> = new Set([
  'sstprovisioningmode',
  'sstprovisioningstate',
  'sstprovisioningdate',
  'sstprovisioningexecutiondate',
  'sstprovisioningreturnvalue',
  'sstprovisioningexecutiontime',
]);

/**
 * Attributes that the directory maintains itself (RFC 4512, section 3.4; RFC 4530), in lower case.
 */
export const OPERATIONAL: ReadonlySet<string> = new Set([
  'entryuuid',
  'entrycsn',
  'createtimestamp',
  'creatorsname',
  'modifytimestamp',
  'modifiersname',
  // The root DSE's (RFC 4512, section 5.1; RFC 3045).
  'namingcontexts',
  'supportedcontrol',
  'supportedextension',
  'supportedfeatures',
  'supportedldapversion',
  'vendorname',
  'vendorversion',
]);

export function isSingleValued(name: string): boolean {
  return SINGLE_VALUED.has(name.toLowerCase());
}

export function isProvisioning(name: string): boolean {
  return PROVISIONING.has(name.toLowerCase());
}

/**
 * Compares two values: below 0, 0, or above 0. Undefined if the asserted value does not have the
 * syntax of the attribute.
 */
export function compareValues(name: string, stored: Buffer, asserted: Buffer): number | undefined {
  if (matchingOf(name) === 'integer') {
    const [left, right] = [asInteger(stored), asInteger(asserted)];
    if (left === undefined || right === undefined) return undefined;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  const [left, right] = [matchKey(name, stored), matchKey(name, asserted)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A key that is equal for equal values of an attribute (the matching rules of RFC 4517). */
export function matchKey(name: string, value: Buffer): string {
  switch (matchingOf(name)) {
    case 'octets':
      return value.toString('latin1');
    case 'exact':
      return comparedText(collapseSpaces(value.toString('utf8')));
    case 'integer':
      return String(asInteger(value) ?? value.toString('utf8'));
    case 'boolean':
    case 'text':
      return comparedText(collapseSpaces(value.toString('utf8'))).toLowerCase();
  }
}

/** The form in which substrings are matched: like `matchKey`, but outer blanks count. */
export function substringKey(name: string, value: Buffer): string {
  switch (matchingOf(name)) {
    case 'octets':
      return value.toString('latin1');
    case 'exact':
      return collapseSpaces(value.toString('utf8'));
    case 'integer':
    case 'boolean':
    case 'text':
      return collapseSpaces(value.toString('utf8')).toLowerCase();
  }
}

/**
 * Throws a Refusal for a malformed attribute description, and for an unknown provisioning
 * attribute.
 */
export function checkName(name: string): void {
  const known = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)(?:;[A-Za-z0-9-]+)*$/.test(name);
  if (!known || (/^sstprovisioning/i.test(name) && !isProvisioning(name))) {
    throw new Refusal(ResultCode.undefinedAttributeType, `${name}: attribute type undefined`);
  }
}

/** Throws a Refusal for a value of a wrong syntax. Text must be UTF-8 and not empty. */
export function checkValue(name: string, value: Buffer): void {
  if (!isValid(matchingOf(name), value)) {
    throw new Refusal(ResultCode.invalidAttributeSyntax, `${name}: value is not of the attribute's syntax`);
  }
}

function isValid(matching: Matching, value: Buffer): boolean {
  switch (matching) {
    case 'octets':
      return true;
    case 'integer':
      return asInteger(value) !== undefined;
    case 'boolean':
      return /^(?:TRUE|FALSE)$/.test(value.toString('latin1'));
    case 'exact':
    case 'text':
      return value.length > 0 && isUtf8(value);
  }
}

function matchingOf(name: string): Matching {
  const [type = '', ...options] = name.toLowerCase().split(';');
  return options.includes('binary') ? 'octets' : (MATCHING.get(type) ?? 'text');
}

/** INTEGER (RFC 4517, section 3.3.16): without leading zeros. */
function asInteger(value: Buffer): bigint | undefined {
  const text = value.toString('latin1');
  return /^(?:0|-?[1-9][0-9]*)$/.test(text) ? BigInt(text) : undefined;
}

function collapseSpaces(text: string): string {
  return text.replace(/ +/g, ' ');
}
