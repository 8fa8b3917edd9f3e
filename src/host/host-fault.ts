/** The host does not give what the service needs for itself. */
export class HostFault extends Error {
  override readonly name: string = 'HostFault';
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
