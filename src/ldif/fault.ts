/** A place in an LDIF file that does not follow RFC 2849, and what is expected there. */
export class LdifFault extends Error {
  override readonly name = 'LdifFault';
  /** The physical line, from 1. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}
