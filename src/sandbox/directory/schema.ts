import { isUtf8 } from 'node:buffer';
import { comparedText } from '../../domain/entry-value.ts';
import { Code, Refusal } from './refusal.ts';

/**
 * What the embedded directory knows of attributes. Any attribute may be written; those that the service lives by have the
 * syntax, the matching and the single value that a real directory's schema gives them.
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

/** Maintained by the directory itself (RFC 4512, section 3.4; RFC 4530), under lower-case names. */
export const OPERATIONAL: ReadonlySet<string> = new Set([
  'entryuuid',
  'entrycsn',
  'createtimestamp',
  'creatorsname',
  'modifytimestamp',
  'modifiersname',
  // of the root DSE (RFC 4512, section 5.1; RFC 3045)
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

/** How two values of an attribute are ordered: below 0, 0, above 0; undefined where the assertion is no such value. */
export function compareValues(name: string, stored: Buffer, asserted: Buffer): number | undefined {
  if (matchingOf(name) === 'integer') {
    const [left, right] = [asInteger(stored), asInteger(asserted)];
    if (left === undefined || right === undefined) return undefined;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  const [left, right] = [matchKey(name, stored), matchKey(name, asserted)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Equal values of an attribute have equal keys (the matching rules of RFC 4517). */
export function matchKey(name: string, value: Buffer): string {
  switch (matchingOf(name)) {
    case 'octets':
      return value.toString('latin1');
    case 'exact':
      return comparedText(squeeze(value.toString('utf8')));
    case 'integer':
      return String(asInteger(value) ?? value.toString('utf8'));
    case 'boolean':
    case 'text':
      return comparedText(squeeze(value.toString('utf8'))).toLowerCase();
  }
}

/** The form in which parts of a value are looked for: like `matchKey`, but blanks at the ends count. */
export function substringKey(name: string, value: Buffer): string {
  switch (matchingOf(name)) {
    case 'octets':
      return value.toString('latin1');
    case 'exact':
      return squeeze(value.toString('utf8'));
    case 'integer':
    case 'boolean':
    case 'text':
      return squeeze(value.toString('utf8')).toLowerCase();
  }
}

/** Refuses a name that is not an attribute description, and one of the provisioning family that does not exist. */
export function checkName(name: string): void {
  const known = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)(?:;[A-Za-z0-9-]+)*$/.test(name);
  if (!known || (/^sstprovisioning/i.test(name) && !isProvisioning(name))) {
    throw new Refusal(Code.undefinedAttributeType, `${name}: attribute type undefined`);
  }
}

/** Refuses a value that the attribute's syntax does not allow; text must be UTF-8, and not empty. */
export function checkValue(name: string, value: Buffer): void {
  if (!isValid(matchingOf(name), value)) {
    throw new Refusal(Code.invalidAttributeSyntax, `${name}: value is not of the attribute's syntax`);
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

/** INTEGER (RFC 4517, section 3.3.16): no leading zeros. */
function asInteger(value: Buffer): bigint | undefined {
  const text = value.toString('latin1');
  return /^(?:0|-?[1-9][0-9]*)$/.test(text) ? BigInt(text) : undefined;
}

function squeeze(text: string): string {
  return text.replace(/ +/g, ' ');
}
