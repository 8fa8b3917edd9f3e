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

  /** The message with the remedy. */
  get sentence(): string {
    return this.remedy === undefined ? this.message : `${this.message}; ${this.remedy}`;
  }
}

/** The server answers, but another one of `directory.url` may do better: it is the next to be tried. */
export class TryNextServer extends DirectoryError {}

/**
 * Result codes of RFC 4511 (and RFC 4533, RFC 3909, RFC 4528) that the service branches on. `answerTooLarge` no server sends: it is
 * one of those that are left to the client's side (RFC 2251, section 4.1.10: 81 to 90).
 */
export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  objectClassViolation: 65,
  entryAlreadyExists: 68,
  other: 80,
  answerTooLarge: 90,
  canceled: 118,
  assertionFailed: 122,
  syncRefreshRequired: 4096,
} as const;

/**
 * What a failed operation on an account means for it:
 * - `mismatch`: the compare-and-swap found another value: somebody wrote in the meantime;
 * - `gone`: there is no such entry;
 * - `unfit`: the schema does not take an attribute or value;
 * - `refused`: the directory will not do this for this account, now or later, unless somebody changes something;
 * - `away`: no answer, or one that is about the server and not about the account: worth trying again.
 */
export type FailureKind = 'mismatch' | 'gone' | 'unfit' | 'refused' | 'away';

export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof DirectoryError)) return 'refused';
  switch (error.resultCode) {
    case ResultCode.noSuchAttribute:
    case ResultCode.attributeOrValueExists:
    case ResultCode.assertionFailed:
      return 'mismatch';
    case ResultCode.noSuchObject:
      return 'gone';
    case ResultCode.undefinedAttributeType:
    case ResultCode.constraintViolation:
    case ResultCode.invalidAttributeSyntax:
    case ResultCode.objectClassViolation:
      return 'unfit';
    case undefined:
    case ResultCode.operationsError:
    case ResultCode.timeLimitExceeded:
    case ResultCode.strongerAuthRequired:
    case ResultCode.referral:
    case ResultCode.adminLimitExceeded:
    case ResultCode.unavailableCriticalExtension:
    case ResultCode.confidentialityRequired:
    case ResultCode.invalidCredentials:
    case ResultCode.busy:
    case ResultCode.unavailable:
    case ResultCode.unwillingToPerform:
    case ResultCode.other:
      return 'away';
    default:
      return 'refused';
  }
}
