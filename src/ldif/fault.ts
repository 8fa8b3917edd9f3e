/**
 * A line of an LDIF file that is not accepted. The message says what is wrong, or what is expected.
 */
export class LdifFault extends Error {
  override readonly name = 'LdifFault';
  /** The number of the physical line, from 1. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}
