/** A record cannot be replayed. The message names the line, if a line is at fault. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}
