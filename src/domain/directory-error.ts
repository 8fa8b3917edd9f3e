/**
 * Why the directory did not do what was asked. Branch on `resultCode` and `cause`, never on the message.
 */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  /** The LDAP result code (RFC 4511, section 4.1.9); undefined where no answer came (refused, reset, timed out, TLS). */
  readonly resultCode: number | undefined;
  /** What to do about it, for the operator. */
  readonly remedy: string | undefined;

  constructor(message: string, options: { resultCode?: number; remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.resultCode = options.resultCode;
    this.remedy = options.remedy;
  }
}

/** Result codes of RFC 4511 (and RFC 4533, RFC 3909) that the service branches on. */
export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  strongerAuthRequired: 8,
  referral: 10,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  objectClassViolation: 65,
  entryAlreadyExists: 68,
  canceled: 118,
  syncRefreshRequired: 4096,
} as const;
