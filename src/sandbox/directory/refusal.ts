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
