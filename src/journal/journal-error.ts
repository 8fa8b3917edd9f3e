/** The journal cannot be read. The message says why. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}
