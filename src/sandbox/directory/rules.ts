import { ResultCode } from '../../domain/directory-error.ts';
import { type Attributes, bytesOf, type StoredEntry, valuesOf } from './entry.ts';
import { Refusal } from './refusal.ts';
import { matchKey } from './schema.ts';

/** The attributes that the object class sstProvisioning requires: one name of each line. */
const REQUIRED_ATTRIBUTES = [
  ['sstProvisioningMode'],
  ['sstProvisioningState'],
  ['sstProvisioningDate', 'sstProvisioningExecutionDate'],
] as const;

/**
 * Throws a Refusal for an invalid entry: without an object class, or without an attribute that its
 * RDN or its class require.
 */
export function checkEntry(entry: StoredEntry): void {
  const classes = valuesOf(entry, 'objectClass').map((value) => matchKey('objectClass', value));
  if (classes.length === 0) throw new Refusal(ResultCode.objectClassViolation, 'no objectClass attribute');
  if (classes.includes('sstprovisioning')) checkProvisioning(entry.attributes);
  for (const naming of entry.dn[0]?.values ?? []) {
    const { type } = naming;
    const key = matchKey(type, bytesOf(naming));
    if (!valuesOf(entry, type).some((found) => matchKey(type, found) === key)) {
      throw new Refusal(ResultCode.namingViolation, `value of naming attribute '${type}' is not present in entry`);
    }
  }
}

function checkProvisioning(attributes: Attributes): void {
  const missing = REQUIRED_ATTRIBUTES.find((names) => !names.some((name) => attributes.has(name.toLowerCase())));
  if (missing !== undefined) {
    throw new Refusal(
      ResultCode.objectClassViolation,
      `object class 'sstProvisioning' requires attribute '${missing[0]}'`,
    );
  }
}
