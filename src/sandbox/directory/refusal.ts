/** The result codes of the embedded directory (RFC 4511, section 4.1.9; RFC 4528). */
export const ServerResultCode = {
  success: 0,
  protocolError: 2,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  entryAlreadyExists: 68,
  other: 80,
  assertionFailed: 122,
} as const;

/** The embedded directory refuses an operation; it becomes the result of the operation. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;
  readonly matchedDn: string;

  constructor(code: number, message: string, matchedDn = '') {
    super(message);
    this.code = code;
    this.matchedDn = matchedDn;
  }
}
