/** Another service has the lock; the message says which one, and what to do. */
export class LockRefused extends Error {
  override readonly name = 'LockRefused';
}

/** No lock can be taken or judged on this host. */
export class LockFault extends Error {
  override readonly name = 'LockFault';
  /** What to do about it, for the operator. */
  readonly remedy: string;

  constructor(problem: string, remedy: string, cause?: unknown) {
    super(problem, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}

/** The code of an error of the system's, such as ENOENT; undefined for any other. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
