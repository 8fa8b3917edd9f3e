/**
 * A failed operation on the directory. Branch on `resultCode` and `cause`, never on the message.
 */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  /**
   * The LDAP result code (RFC 4511, section 4.1.9); undefined without a response (refused, reset,
   * timed out, TLS).
   */
  readonly resultCode: number | undefined;
  /** What the operator can do about it. */
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

/**
 * This server responds, but another server of `directory.url` may be able to do more. The next one
 * is tried.
 */
export class TryNextServer extends DirectoryError {}

/** A refresh made no progress for a long time, though the server answered other requests. */
export class RefreshStuck extends DirectoryError {}

/** The peer, or something between, ended an open connection. */
export class ConnectionCut extends DirectoryError {
  /** The time without a received byte before that, in milliseconds. */
  readonly silentMilliseconds: number;

  constructor(message: string, silentMilliseconds: number, options: { remedy: string; cause?: unknown }) {
    super(message, options);
    this.silentMilliseconds = silentMilliseconds;
  }
}

/**
 * Result codes of RFC 4511, RFC 4533, RFC 3909 and RFC 4528 that the program branches on, or that
 * the embedded directory sends. No server sends `answerTooLarge`: it is one of the codes reserved
 * for the client's side (RFC 2251, section 4.1.10: 81 to 90).
 */
export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
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
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  entryAlreadyExists: 68,
  other: 80,
  answerTooLarge: 90,
  canceled: 118,
  assertionFailed: 122,
} as const;

/**
 * What a failed operation means for its account:
 * - `mismatch`: the compare-and-swap found another value, as the entry was changed in the meantime;
 * - `gone`: there is no such entry;
 * - `unfit`: the schema does not allow an attribute or value;
 * - `refused`: the directory will not do this for this account until something is changed;
 * - `away`: no response, or one about the server and not the account. A later attempt may succeed.
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

/** Result codes for conditions that end without an operator. */
const TRANSIENT: ReadonlySet<number> = new Set([ResultCode.busy, ResultCode.unavailable, ResultCode.canceled]);

/**
 * A refusal lasts until the account or the directory is changed. An unreachable directory may
 * become reachable by itself.
 */
export function needsOperator(resultCode: number | undefined): boolean {
  return resultCode !== undefined && !TRANSIENT.has(resultCode);
}
