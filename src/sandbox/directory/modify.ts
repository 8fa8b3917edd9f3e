import { ResultCode } from '../../domain/directory-error.ts';
import type { Attributes, StoredAttribute } from './entry.ts';
import { Refusal } from './refusal.ts';
import { checkName, checkValue, isSingleValued, matchKey, OPERATIONAL } from './schema.ts';

/** One change of a modify request (RFC 4511, section 4.6; RFC 4525 for `increment`). */
export interface Change {
  readonly operation: 'add' | 'delete' | 'replace' | 'increment';
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** Returns a copy with all changes applied in order. Throws a Refusal if one cannot be applied. */
export function applyChanges(attributes: Attributes, changes: readonly Change[]): Attributes {
  const result = new Map(attributes);
  for (const change of changes) {
    checkChange(change);
    const key = change.name.toLowerCase();
    const current = result.get(key);
    const values = valuesAfter(change, current);
    if (values.length === 0) result.delete(key);
    else result.set(key, { name: current?.name ?? change.name, values });
  }
  for (const { name, values } of result.values()) checkSingle(name, values);
  return result;
}

/** The attributes of a new entry, from a list that may repeat a name. */
export function attributesOf(given: ReadonlyArray<{ name: string; values: readonly Buffer[] }>): Attributes {
  return applyChanges(
    new Map(),
    given.map(({ name, values }) => ({ operation: 'add', name, values })),
  );
}

function checkChange({ operation, name, values }: Change): void {
  checkName(name);
  if (OPERATIONAL.has(name.toLowerCase())) {
    throw new Refusal(ResultCode.constraintViolation, `${name}: no user modification allowed`);
  }
  if (values.length === 0 && (operation === 'add' || operation === 'increment')) {
    throw new Refusal(ResultCode.protocolError, `modify/${operation}: ${name}: no values given`);
  }
  if (operation === 'add' || operation === 'replace') for (const value of values) checkValue(name, value);
  if (new Set(values.map((value) => matchKey(name, value))).size < values.length) {
    throw new Refusal(ResultCode.attributeOrValueExists, `${name}: value provided more than once`);
  }
}

function valuesAfter({ operation, name, values }: Change, current: StoredAttribute | undefined): readonly Buffer[] {
  const before = current?.values ?? [];
  const has = (value: Buffer) => before.some((stored) => matchKey(name, stored) === matchKey(name, value));
  switch (operation) {
    case 'replace':
      return values;
    case 'add':
      if (values.some(has)) {
        throw new Refusal(ResultCode.attributeOrValueExists, `modify/add: ${name}: value already exists`);
      }
      return [...before, ...values];
    case 'delete': {
      if (current === undefined)
        throw new Refusal(ResultCode.noSuchAttribute, `modify/delete: ${name}: no such attribute`);
      if (!values.every(has)) throw new Refusal(ResultCode.noSuchAttribute, `modify/delete: ${name}: no such value`);
      const gone = new Set(values.map((value) => matchKey(name, value)));
      return values.length === 0 ? [] : before.filter((stored) => !gone.has(matchKey(name, stored)));
    }
    case 'increment':
      return increment(name, before, values);
  }
}

function increment(name: string, before: readonly Buffer[], [by, more]: readonly Buffer[]): Buffer[] {
  if (before.length === 0)
    throw new Refusal(ResultCode.noSuchAttribute, `modify/increment: ${name}: no such attribute`);
  if (more !== undefined) throw new Refusal(ResultCode.protocolError, `modify/increment: ${name}: more than one value`);
  const numbers = [...before, by].map((value) => value?.toString('latin1') ?? '');
  if (!numbers.every((text) => /^-?[0-9]+$/.test(text))) {
    throw new Refusal(ResultCode.constraintViolation, `modify/increment: ${name}: not a number`);
  }
  return numbers.slice(0, -1).map((text) => Buffer.from(String(BigInt(text) + BigInt(numbers.at(-1) ?? 0))));
}

function checkSingle(name: string, values: readonly Buffer[]): void {
  if (values.length > 1 && isSingleValued(name)) {
    throw new Refusal(ResultCode.constraintViolation, `${name}: multiple values provided`);
  }
}
