/**
 * Encodes the requests that change the directory (RFC 4511, sections 4.6 to 4.9). DNs and values
 * are sent unchanged.
 */
import { boolean, element, enumerated, octetString, sequence, Tag } from './ber.ts';
import { Operation } from './message.ts';

export interface WireAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

export interface WireModification extends WireAttribute {
  readonly operation: keyof typeof MODIFY_OPERATION;
}

/** `increment` is from RFC 4525. */
const MODIFY_OPERATION = { add: 0, delete: 1, replace: 2, increment: 3 } as const;
const NEW_SUPERIOR = 0x80;

export function encodeAdd(dn: string, attributes: readonly WireAttribute[]): Buffer {
  return element(Operation.addRequest, octetString(dn), sequence(...attributes.map(partialAttribute)));
}

export function encodeModify(dn: string, modifications: readonly WireModification[]): Buffer {
  const changes = modifications.map((modification) =>
    sequence(enumerated(MODIFY_OPERATION[modification.operation]), partialAttribute(modification)),
  );
  return element(Operation.modifyRequest, octetString(dn), sequence(...changes));
}

/** Encodes a delete request. The DN is its whole value (section 4.8). */
export function encodeDelete(dn: string): Buffer {
  return octetString(dn, Operation.deleteRequest);
}

/** Encodes a modify DN request. Without `newSuperior` the entry keeps its parent. */
export function encodeModifyDn(
  dn: string,
  newRdn: string,
  deleteOldRdn: boolean,
  newSuperior: string | undefined,
): Buffer {
  return element(
    Operation.modifyDnRequest,
    octetString(dn),
    octetString(newRdn),
    boolean(deleteOldRdn),
    ...(newSuperior === undefined ? [] : [octetString(newSuperior, NEW_SUPERIOR)]),
  );
}

function partialAttribute({ name, values }: WireAttribute): Buffer {
  return sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value))));
}
