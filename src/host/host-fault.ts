/** The host does not provide something that the service itself needs. */
export class HostFault extends Error {
  override readonly name: string = 'HostFault';
  /** What the operator can do about it. */
  readonly remedy: string;

  constructor(problem: string, remedy: string, cause?: unknown) {
    super(problem, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}

/** The code of a system error, such as ENOENT; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
