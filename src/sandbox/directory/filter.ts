import { attributeType } from '../../domain/attribute-type.ts';
import { bytesOf, type StoredEntry } from './entry.ts';
import { compareValues, matchKey, substringKey } from './schema.ts';

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'present'; readonly name: string }
  | { readonly kind: 'equal' | 'atLeast' | 'atMost'; readonly name: string; readonly value: Buffer }
  | {
      readonly kind: 'substrings';
      readonly name: string;
      readonly initial: Buffer | undefined;
      readonly any: readonly Buffer[];
      readonly final: Buffer | undefined;
    }
  | {
      readonly kind: 'extensible';
      readonly rule: string | undefined;
      readonly name: string | undefined;
      readonly value: Buffer;
      readonly dnAttributes: boolean;
    };

/** The matching rules of extensible matches, each with an attribute that uses the rule. */
const RULES: ReadonlyMap<string, string> = new Map([
  ['caseignorematch', 'cn'],
  ['2.5.13.2', 'cn'],
  ['caseexactmatch', 'homedirectory'],
  ['2.5.13.5', 'homedirectory'],
  ['integermatch', 'uidnumber'],
  ['2.5.13.14', 'uidnumber'],
  ['octetstringmatch', 'userpassword'],
  ['2.5.13.17', 'userpassword'],
]);

/**
 * Whether the filter is TRUE for the entry. An Undefined filter does not match, nor does its
 * negation.
 */
export function matches(filter: Filter, entry: StoredEntry): boolean {
  return evaluate(filter, entry) === true;
}

/** Returns undefined for Undefined. */
function evaluate(filter: Filter, entry: StoredEntry): boolean | undefined {
  switch (filter.kind) {
    case 'and': {
      const results = filter.parts.map((part) => evaluate(part, entry));
      return results.includes(false) ? false : results.includes(undefined) ? undefined : true;
    }
    case 'or': {
      const results = filter.parts.map((part) => evaluate(part, entry));
      return results.includes(true) ? true : results.includes(undefined) ? undefined : false;
    }
    case 'not': {
      const result = evaluate(filter.part, entry);
      return result === undefined ? undefined : !result;
    }
    case 'present':
      return stored(entry, filter.name).length > 0;
    case 'equal': {
      const key = matchKey(filter.name, filter.value);
      return stored(entry, filter.name).some((value) => matchKey(filter.name, value) === key);
    }
    case 'atLeast':
      return stored(entry, filter.name).some((value) => (compareValues(filter.name, value, filter.value) ?? -1) >= 0);
    case 'atMost':
      return stored(entry, filter.name).some((value) => (compareValues(filter.name, value, filter.value) ?? 1) <= 0);
    case 'substrings':
      return stored(entry, filter.name).some((value) => hasParts(substringKey(filter.name, value), filter));
    case 'extensible':
      return evaluateExtensible(filter, entry);
  }
}

/** A name without options selects the attribute with any options (RFC 4512, section 2.5.2). */
function stored(entry: StoredEntry, name: string): readonly Buffer[] {
  const key = name.toLowerCase();
  const exact = entry.attributes.get(key)?.values ?? [];
  if (key.includes(';')) return exact;
  const optioned = [...entry.attributes].filter(([other]) => other.startsWith(`${key};`));
  return optioned.length === 0 ? exact : [...exact, ...optioned.flatMap(([, { values }]) => values)];
}

function hasParts(text: string, filter: Extract<Filter, { kind: 'substrings' }>): boolean {
  const key = (part: Buffer) => substringKey(filter.name, part);
  let at = 0;
  if (filter.initial !== undefined) {
    const initial = key(filter.initial);
    if (!text.startsWith(initial)) return false;
    at = initial.length;
  }
  for (const part of filter.any.map(key)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  if (filter.final === undefined) return true;
  const final = key(filter.final);
  return text.length - final.length >= at && text.endsWith(final);
}

function evaluateExtensible(filter: Extract<Filter, { kind: 'extensible' }>, entry: StoredEntry): boolean | undefined {
  const rule = filter.rule === undefined ? undefined : RULES.get(filter.rule.toLowerCase());
  if (filter.rule !== undefined && rule === undefined) return undefined;
  if (filter.name === undefined && rule === undefined) return undefined;
  const same = (name: string, value: Buffer) => matchKey(rule ?? name, value) === matchKey(rule ?? name, filter.value);
  const fromAttributes =
    filter.name === undefined
      ? [...entry.attributes.values()].some(({ name, values }) => values.some((value) => same(name, value)))
      : stored(entry, filter.name).some((value) => same(filter.name ?? '', value));
  if (fromAttributes || !filter.dnAttributes) return fromAttributes;
  const wanted = filter.name === undefined ? undefined : attributeType(filter.name);
  return entry.dn.some(({ values }) =>
    values.some(
      (naming) => (filter.name === undefined || naming.type === wanted) && same(naming.type, bytesOf(naming)),
    ),
  );
}
