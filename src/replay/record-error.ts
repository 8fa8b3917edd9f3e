/** A record that cannot be replayed; the message names the line. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}
